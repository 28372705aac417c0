import type { LinkTransport, ServerStream, StreamSet } from "../link.ts";
import { FanOut } from "./fan-out.ts";

/** A transport whose streams are those of sessions: what it says to many is encoded once. */
export function transportOf({ kind, dial, listen }: Pick<LinkTransport, "kind" | "dial" | "listen">): LinkTransport {
  const fanOut = new FanOut();
  return {
    kind,
    dial,
    listen,
    sendToMany: <Down>(streams: readonly ServerStream<Down>[], message: Down): void =>
      fanOut.sendToMany(streams, message),
    streamSet: <Down>(): StreamSet<Down> => fanOut.streamSet<Down>(),
  };
}
