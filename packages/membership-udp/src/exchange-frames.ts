import type { Socket } from "node:net";
import type { Opener, SealContext, Sealer } from "./seal.ts";
import { SEAL_OVERHEAD_BYTES } from "./seal.ts";

/** A message travels in sealed pieces, so that nothing large is held for someone who has proved nothing yet. */
const PIECE_BYTES = 64 * 1024;
const FRAME_MAX_BYTES = PIECE_BYTES + 1 + SEAL_OVERHEAD_BYTES;

/** Bytes of one whole exchange message; 16,384 members with long names come to about 6 MB. */
export const EXCHANGE_MAX_BYTES = 16 * 1024 * 1024;

/** Writes one message: frames of u32 length and a sealed piece, whose first byte tells whether it is the last. */
export function writeMessage(socket: Socket, sealer: Sealer, message: Uint8Array): void {
  let offset = 0;
  do {
    const piece = message.subarray(offset, offset + PIECE_BYTES);
    offset += piece.length;
    const sealed = sealer.seal(Buffer.concat([Buffer.of(offset >= message.length ? 1 : 0), piece]));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(sealed.length);
    socket.write(Buffer.concat([length, sealed]));
  } while (offset < message.length);
}

export interface ReceivedMessage {
  readonly message: Buffer;
  /** The sender's session, which an answer is bound to. */
  readonly session: string;
}

/** Puts a message together from what a socket delivers. */
export class MessageReader {
  readonly #opener: Opener;
  readonly #context: SealContext;
  #pending: Buffer = Buffer.alloc(0);
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #session: string | undefined;

  constructor(opener: Opener, context: SealContext) {
    this.#opener = opener;
    this.#context = context;
  }

  /** The whole message once it is complete. Throws on anything that is not part of one. */
  push(chunk: Buffer): ReceivedMessage | undefined {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 4) {
      const length = this.#pending.readUInt32BE(0);
      if (length > FRAME_MAX_BYTES || length < SEAL_OVERHEAD_BYTES + 1) throw new Error("frame out of bounds");
      if (this.#pending.length < 4 + length) return undefined;
      const sealed = this.#pending.subarray(4, 4 + length);
      this.#pending = this.#pending.subarray(4 + length);
      if (this.#piece(sealed)) return { message: Buffer.concat(this.#pieces), session: this.#session! };
    }
    return undefined;
  }

  /** True if it was the last. */
  #piece(sealed: Buffer): boolean {
    const opened = this.#opener.open(sealed, this.#context);
    if (opened === undefined) throw new Error("piece sealed wrongly");
    // All of one sender, in order and without a gap: pieces cannot be swapped between messages.
    this.#session ??= opened.session;
    if (opened.session !== this.#session || opened.counter !== this.#pieces.length)
      throw new Error("piece out of order");
    const body = opened.plain.subarray(1);
    this.#bytes += body.length;
    if (this.#bytes > EXCHANGE_MAX_BYTES) throw new Error("message too large");
    this.#pieces.push(body);
    return opened.plain[0] === 1;
  }
}
