import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { GossipKey, KeyRing } from "./key-ring.ts";

/*
 * A sealed message: version u8, key id u32, session 16 bytes, counter u64, ciphertext, tag 16 bytes; numbers big-endian.
 * The session is random for each process and direction, so that its key, HKDF-SHA256(group key, salt = label,
 * info = "tidewire gossip v1" + session), belongs to one sender and a counter can serve as nonce: no birthday bound on
 * random nonces, and no trial decryption. FORMAT.md has the details.
 */
const VERSION = 1;
const SESSION_BYTES = 16;
const HEADER_BYTES = 1 + 4 + SESSION_BYTES + 8;
const TAG_BYTES = 16;
/** What sealing adds to a message. */
export const SEAL_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

const CIPHER = "aes-256-gcm";
/** Derived keys kept for opening; a group has a few per member. */
const OPENING_KEYS_MAX = 8_192;

export interface Opened {
  readonly plain: Buffer;
  /** Names the sender's direction; hex. */
  readonly session: string;
  readonly counter: number;
}

/** What is bound to each message without being sent: the group, and what kind of conversation it belongs to. */
export class SealContext {
  readonly label: string;
  readonly purpose: string;

  constructor(label: string, purpose: string) {
    this.label = label;
    this.purpose = purpose;
  }

  additionalData(header: Uint8Array): Buffer {
    return Buffer.concat([Buffer.from(`tidewire gossip\0${this.purpose}\0${this.label}\0`), header]);
  }
}

/** Seals in one direction, with a key of its own. */
export class Sealer {
  readonly #ring: KeyRing;
  readonly #context: SealContext;
  readonly #session = randomBytes(SESSION_BYTES);
  #key: { readonly of: GossipKey; readonly derived: Buffer } | undefined;
  #counter = 0;

  constructor(ring: KeyRing, context: SealContext) {
    this.#ring = ring;
    this.#context = context;
  }

  get session(): string {
    return this.#session.toString("hex");
  }

  seal(plain: Uint8Array): Buffer {
    const key = this.#ring.sealing;
    if (this.#key?.of !== key) this.#key = { of: key, derived: derive(key, this.#context.label, this.#session) };
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header.writeUInt8(VERSION, 0);
    header.writeUInt32BE(key.id, 1);
    this.#session.copy(header, 5);
    writeCounter(header, this.#counter++);
    const cipher = createCipheriv(CIPHER, this.#key.derived, nonceOf(header));
    cipher.setAAD(this.#context.additionalData(header));
    return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
}

/** Opens what anybody in the group sealed. Keys are derived once per sender and kept, the least recently used dropped. */
export class Opener {
  readonly #ring: KeyRing;
  readonly #derived = new Map<string, Buffer>();

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  /** `undefined` if the bytes were not sealed for this context by a holder of a known key. */
  open(sealed: Uint8Array, context: SealContext): Opened | undefined {
    if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== VERSION) return undefined;
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const key = this.#ring.find(bytes.readUInt32BE(1));
    if (key === undefined) return undefined;
    const header = bytes.subarray(0, HEADER_BYTES);
    const session = header.subarray(5, 5 + SESSION_BYTES);
    const sessionText = session.toString("hex");
    const name = `${key.id}:${context.label}:${sessionText}`;
    const known = this.#derived.get(name);
    const derived = known ?? derive(key, context.label, session);
    const decipher = createDecipheriv(CIPHER, derived, nonceOf(header));
    decipher.setAAD(context.additionalData(header));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    try {
      const body = decipher.update(bytes.subarray(HEADER_BYTES, bytes.length - TAG_BYTES));
      decipher.final();
      // Only what proved genuine is remembered, so that strangers cannot fill the memory.
      this.#remember(name, derived, known !== undefined);
      return { plain: body, session: sessionText, counter: readCounter(header) };
    } catch {
      return undefined;
    }
  }

  #remember(name: string, derived: Buffer, isKnown: boolean): void {
    if (isKnown) this.#derived.delete(name);
    this.#derived.set(name, derived);
    if (this.#derived.size <= OPENING_KEYS_MAX) return;
    const [oldest] = this.#derived.keys();
    this.#derived.delete(oldest!);
  }
}

function derive(key: GossipKey, label: string, session: Uint8Array): Buffer {
  const info = Buffer.concat([Buffer.from("tidewire gossip v1"), session]);
  return Buffer.from(hkdfSync("sha256", key.secret, label, info, 32));
}

function nonceOf(header: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  header.copy(nonce, 4, HEADER_BYTES - 8, HEADER_BYTES);
  return nonce;
}

function writeCounter(header: Buffer, counter: number): void {
  header.writeUInt32BE(Math.floor(counter / 0x1_0000_0000), HEADER_BYTES - 8);
  header.writeUInt32BE(counter >>> 0, HEADER_BYTES - 4);
}

function readCounter(header: Buffer): number {
  return header.readUInt32BE(HEADER_BYTES - 8) * 0x1_0000_0000 + header.readUInt32BE(HEADER_BYTES - 4);
}
