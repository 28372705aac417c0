import { Writer } from "@tidewire/wire";
import type { ServerStream } from "../link.ts";
import { encodedMessage } from "./frame-body.ts";
import { SessionServerStream } from "./server-stream.ts";
import { ServingSession } from "./serving-session.ts";

/** A larger slab is given back after use. */
const SCRATCH_KEEP_MAX_BYTES = 256 * 1024;

/** `LinkTransport.sendToMany` for streams of sessions: encoded once, and one frame per connection. */
export class FanOut {
  #scratch = new Writer();

  sendToMany<Down>(streams: readonly ServerStream<Down>[], message: Down): void {
    const groups = groupedBySession(streams);
    this.#scratch.reset();
    let isEncoded = false;
    for (const [session, group] of groups) {
      const codec = (group[0] as SessionServerStream).method.down;
      if (groups.size === 1) {
        session.sendDownToMany(group, codec, message);
        return;
      }
      if (!isEncoded) codec.encode(this.#scratch, message);
      isEncoded = true;
      session.sendDownToMany(group, encodedMessage, this.#scratch.written());
    }
    if (this.#scratch.buffer.length > SCRATCH_KEEP_MAX_BYTES) this.#scratch = new Writer();
  }
}

/** Nothing is sent unless every stream may be sent to. Streams that have ended meanwhile are left out. */
function groupedBySession(streams: readonly ServerStream<unknown>[]): Map<ServingSession, SessionServerStream[]> {
  const groups = new Map<ServingSession, SessionServerStream[]>();
  let lastSession: ServingSession | undefined;
  let lastGroup: SessionServerStream[] = [];
  let method: unknown;
  for (const stream of streams) {
    if (!(stream instanceof SessionServerStream && stream.owner instanceof ServingSession)) {
      throw new TypeError("a stream of another transport");
    }
    if (!stream.isOpen) continue;
    stream.requireCredit();
    method ??= stream.method;
    if (stream.method !== method) throw new Error("one message for streams of different methods");
    if (stream.owner !== lastSession) {
      lastSession = stream.owner;
      lastGroup = groups.get(lastSession) ?? [];
      groups.set(lastSession, lastGroup);
    }
    lastGroup.push(stream);
  }
  return groups;
}
