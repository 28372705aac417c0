import { type Codec, type StreamMethod, Writer } from "@tidewire/wire";
import type { ServerStream, StreamSet } from "../link.ts";
import { encodedMessage } from "./frame-body.ts";
import { SessionServerStream } from "./server-stream.ts";
import { ServingSession } from "./serving-session.ts";
import { SessionStreamSet, type StreamSetPart } from "./stream-set.ts";

/** A larger slab is given back after use. */
const SCRATCH_KEEP_MAX_BYTES = 256 * 1024;

/** `LinkTransport.sendToMany` and `streamSet` for streams of sessions: encoded once, and one frame per connection. */
export class FanOut {
  #scratch = new Writer();

  streamSet<Down>(): StreamSet<Down> {
    return new SessionStreamSet(this);
  }

  /** For `SessionStreamSet`: one message to all of it. */
  sendToParts(
    parts: readonly StreamSetPart[],
    { id, down }: StreamMethod<unknown, unknown, unknown>,
    message: unknown,
  ): void {
    if (parts.length > 1) this.#encode(down, message);
    for (const part of parts) {
      if (parts.length === 1) part.session.sendDownByIds(id, part.ids, down, message);
      else part.session.sendDownByIds(id, part.ids, encodedMessage, this.#scratch.written());
      part.messages++;
    }
    this.#giveBack();
  }

  sendToMany<Down>(streams: readonly ServerStream<Down>[], message: Down): void {
    const groups = groupedBySession(streams);
    let isEncoded = false;
    for (const [session, group] of groups) {
      const codec = (group[0] as SessionServerStream).method.down;
      if (groups.size === 1) {
        session.sendDownToMany(group, codec, message);
        return;
      }
      if (!isEncoded) this.#encode(codec, message);
      isEncoded = true;
      session.sendDownToMany(group, encodedMessage, this.#scratch.written());
    }
    this.#giveBack();
  }

  #encode<Down>(codec: Codec<Down>, message: Down): void {
    this.#scratch.reset();
    codec.encode(this.#scratch, message);
  }

  #giveBack(): void {
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
