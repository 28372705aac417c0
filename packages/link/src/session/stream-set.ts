import type { StreamMethod } from "@tidewire/wire";
import type { ServerStream, StreamSet } from "../link.ts";
import type { FanOut } from "./fan-out.ts";
import { SessionServerStream } from "./server-stream.ts";
import { ServingSession } from "./serving-session.ts";

const IDS_MIN = 16;

/** The streams of a set that share a connection, with their ids as they go onto the wire. */
export class StreamSetPart {
  readonly session: ServingSession;
  /** Sent to all of them so far; what a stream was granted is counted from it. */
  messages = 0;
  readonly #onEmpty: () => void;
  readonly #streams: SessionServerStream[] = [];
  #ids = new Uint32Array(IDS_MIN);

  constructor(session: ServingSession, onEmpty: () => void) {
    this.session = session;
    this.#onEmpty = onEmpty;
  }

  get size(): number {
    return this.#streams.length;
  }

  get ids(): Uint32Array {
    return this.#ids.subarray(0, this.#streams.length);
  }

  add(stream: SessionServerStream): void {
    const place = this.#streams.length;
    if (place === this.#ids.length) {
      const grown = new Uint32Array(2 * place);
      grown.set(this.#ids);
      this.#ids = grown;
    }
    this.#ids[place] = stream.id;
    this.#streams.push(stream);
    stream.place = place;
    stream.part = this;
  }

  delete(stream: SessionServerStream): void {
    const last = this.#streams.pop() as SessionServerStream;
    if (last !== stream) {
      this.#streams[stream.place] = last;
      this.#ids[stream.place] = last.id;
      last.place = stream.place;
    }
    stream.place = -1;
    stream.part = undefined;
    if (this.#streams.length === 0) this.#onEmpty();
  }
}

/** `StreamSet` for streams of sessions. */
export class SessionStreamSet implements StreamSet<unknown> {
  readonly #fanOut: FanOut;
  readonly #parts = new Map<ServingSession, StreamSetPart>();
  #method: StreamMethod<unknown, unknown, unknown> | undefined;

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
  }

  get size(): number {
    let size = 0;
    for (const part of this.#parts.values()) size += part.size;
    return size;
  }

  add(stream: ServerStream<unknown>): void {
    if (!(stream instanceof SessionServerStream && stream.owner instanceof ServingSession)) {
      throw new TypeError("a stream of another transport");
    }
    if (!stream.isOpen) return;
    this.#method ??= stream.method;
    if (stream.method !== this.#method) throw new Error("streams of different methods in one set");
    const session = stream.owner;
    let part = this.#parts.get(session);
    if (part !== undefined && stream.part === part) return;
    stream.part?.delete(stream);
    if (part === undefined) {
      part = new StreamSetPart(session, () => this.#parts.delete(session));
      this.#parts.set(session, part);
    }
    part.add(stream);
  }

  delete(stream: ServerStream<unknown>): void {
    if (!(stream instanceof SessionServerStream) || stream.part === undefined) return;
    if (this.#parts.get(stream.part.session) === stream.part) stream.part.delete(stream);
  }

  send(message: unknown): void {
    if (this.#method !== undefined) this.#fanOut.sendToParts([...this.#parts.values()], this.#method, message);
  }
}
