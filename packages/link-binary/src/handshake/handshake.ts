import { randomBytes } from "node:crypto";
import { errorCodeOf, ServiceError } from "@tidewire/foundation";
import { LinkError, type LinkPeer } from "@tidewire/link";
import { HelloCodec, RejectCodec, WelcomeCodec } from "@tidewire/link/session";
import { type Reader, Writer } from "@tidewire/wire";
import { ControlType, MAGIC } from "../frame.ts";
import { isProof, NO_PROOF, proofOf, readProved, type SharedKey, writeProved } from "./proof.ts";

// Three messages, so that each side proves the key over a nonce of the other: HELLO, WELCOME, PROOF. The proof in HELLO
// only keeps strangers from making the listener work; someone who overheard it could repeat it, which is why the dialler
// answers the listener's nonce, too, before anything else of it is read.

const NONCE_BYTES = 16;

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** What one side says of itself. */
export interface Introduction extends LinkPeer {
  readonly bootId: number;
  readonly heartbeatMs: number;
  readonly schemaDigest: string;
  readonly versions: VersionRange;
  readonly inFlightMax: number;
}

/** What both sides hold true after the handshake. */
export interface Agreement {
  readonly peer: LinkPeer;
  readonly version: number;
  readonly heartbeatMs: number;
  readonly bootId: number;
  readonly schemaDigest: string;
}

/** Not a link peer at all: it is told nothing. */
export class StrangerError extends Error {}

/** The dialling side. */
export class DialHandshake {
  /** Body of the HELLO to send first. */
  readonly hello: Uint8Array;
  readonly #ours: Introduction;
  readonly #key: SharedKey | undefined;
  readonly #binding: Uint8Array;
  readonly #covered: Uint8Array;

  /** @param binding ties the proofs to one TLS session; empty without TLS. */
  constructor(ours: Introduction, key: SharedKey | undefined, binding: Uint8Array) {
    this.#ours = ours;
    this.#key = key;
    this.#binding = binding;
    const hello = {
      magic: MAGIC,
      minVersion: ours.versions.min,
      maxVersion: ours.versions.max,
      heartbeatMs: ours.heartbeatMs,
      bootId: ours.bootId,
      // There is no byte window: streams are bounded by their credit, and a reader never buffers.
      connectionWindowBytes: 0,
      schemaDigest: ours.schemaDigest,
      nodeId: ours.nodeId,
      role: ours.role,
      nonce: randomBytes(NONCE_BYTES),
      proof: NO_PROOF,
    };
    const written = writeProved(HelloCodec, hello, (covered) => proofOf(key, "hello", [covered, binding]));
    this.hello = written.body;
    this.#covered = written.covered;
  }

  /** The listener's answer. Gives the agreement and the body of the PROOF to send; throws a `LinkError`. */
  answered(type: number, body: Reader): { readonly agreement: Agreement; readonly proof: Uint8Array } {
    if (type === ControlType.reject) {
      const { code, message } = RejectCodec.decode(body);
      throw new LinkError(errorCodeOf(code), `the peer refused: ${message}`, false);
    }
    if (type !== ControlType.welcome) throw new LinkError("unsupported", "the peer does not speak this link", false);
    const { message: welcome, covered } = readProved(WelcomeCodec, body);
    const expected = proofOf(this.#key, "welcome", [this.#covered, covered, this.#binding]);
    if (!isProof(welcome.proof, expected)) {
      throw new LinkError("unauthenticated", "the peer could not prove the shared key", false);
    }
    const { min, max } = this.#ours.versions;
    if (welcome.version < min || welcome.version > max) {
      throw new LinkError("unsupported", `the peer chose version ${welcome.version}`, false);
    }
    return {
      agreement: agreementOf(welcome, welcome.version, Math.max(this.#ours.heartbeatMs, welcome.heartbeatMs)),
      proof: proofOf(this.#key, "proof", [this.#covered, covered, this.#binding]),
    };
  }
}

/** The listening side. */
export class ListenHandshake {
  readonly #ours: Introduction;
  readonly #keys: readonly (SharedKey | undefined)[];
  readonly #binding: Uint8Array;
  #expectedProof: Uint8Array | undefined;
  #agreement: Agreement | undefined;

  /** @param keys any of which the dialler may use; one `undefined` where certificates stand for it. */
  constructor(ours: Introduction, keys: readonly (SharedKey | undefined)[], binding: Uint8Array) {
    this.#ours = ours;
    this.#keys = keys;
    this.#binding = binding;
  }

  /** Gives the body of the WELCOME. Throws a `StrangerError`, or a `ServiceError` to reject with. */
  greeted(type: number, body: Reader): Uint8Array {
    if (type !== ControlType.hello || body.remaining < 4 || body.view.getUint32(body.position, true) !== MAGIC) {
      throw new StrangerError("no greeting");
    }
    const { message: hello, covered } = readProved(HelloCodec, body);
    const parts = [covered, this.#binding];
    const keyIndex = this.#keys.findIndex((key) => isProof(hello.proof, proofOf(key, "hello", parts)));
    if (keyIndex < 0) throw new ServiceError("unauthenticated", "the shared key was not proved");
    const key = this.#keys[keyIndex];
    const theirs = { min: hello.minVersion, max: hello.maxVersion };
    const version = commonVersion(this.#ours.versions, theirs);
    if (version === undefined) {
      const { min, max } = this.#ours.versions;
      throw new ServiceError(
        "unsupported",
        `versions ${min} to ${max} are spoken here, not ${theirs.min} to ${theirs.max}`,
      );
    }
    const heartbeatMs = Math.max(this.#ours.heartbeatMs, hello.heartbeatMs);
    const welcome = {
      version,
      heartbeatMs,
      bootId: this.#ours.bootId,
      connectionWindowBytes: 0,
      streamsMax: this.#ours.inFlightMax,
      schemaDigest: this.#ours.schemaDigest,
      nodeId: this.#ours.nodeId,
      role: this.#ours.role,
      nonce: randomBytes(NONCE_BYTES),
      proof: NO_PROOF,
    };
    const written = writeProved(WelcomeCodec, welcome, (ours) =>
      proofOf(key, "welcome", [covered, ours, this.#binding]),
    );
    this.#expectedProof = proofOf(key, "proof", [covered, written.covered, this.#binding]);
    this.#agreement = agreementOf(hello, version, heartbeatMs);
    return written.body;
  }

  /** The dialler's last word. Throws a `StrangerError`. */
  proved(type: number, body: Reader): Agreement {
    const proof = new Uint8Array(body.buffer.subarray(body.position, body.end));
    if (type !== ControlType.proof || this.#expectedProof === undefined || this.#agreement === undefined) {
      throw new StrangerError("no proof");
    }
    if (!isProof(proof, this.#expectedProof)) throw new StrangerError("a wrong proof");
    return this.#agreement;
  }
}

/** Body of the REJECT that tells a dialler why. */
export function rejectBody(error: ServiceError): Uint8Array {
  const writer = new Writer({ initialBytes: 256 });
  RejectCodec.encode(writer, { code: error.number, message: error.message.slice(0, 1024) });
  return writer.take();
}

/** The newest version both sides speak. */
export function commonVersion(ours: VersionRange, theirs: VersionRange): number | undefined {
  const version = Math.min(ours.max, theirs.max);
  return version >= ours.min && version >= theirs.min ? version : undefined;
}

function agreementOf(
  theirs: LinkPeer & { readonly bootId: number; readonly schemaDigest: string },
  version: number,
  heartbeatMs: number,
): Agreement {
  const { nodeId, role, bootId, schemaDigest } = theirs;
  return { peer: { nodeId, role }, version, heartbeatMs, bootId, schemaDigest };
}
