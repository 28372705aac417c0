import type { ServiceError } from "@tidewire/foundation";
import type { LinkPeer, LinkTransport, ServerStream, StreamSet } from "@tidewire/link";
import type { ViewerFrame } from "@tidewire/protocol-host";
import { jsonOf } from "./fake-runtime.ts";

/** The serving end of a stream whose other end is the test. */
export class TestStream implements ServerStream<ViewerFrame> {
  readonly peer: LinkPeer = { nodeId: "edge-1", role: "edge-proxy" };
  readonly frames: ViewerFrame[] = [];
  isOpen = true;
  /** Set when the serving side ended it. */
  ended: { readonly error: ServiceError | undefined } | undefined;
  credit: number;
  readonly #journal: string[];

  constructor(credit: number, journal: string[] = []) {
    this.credit = credit;
    this.#journal = journal;
  }

  send(message: ViewerFrame): void {
    if (!this.isOpen) return;
    if (this.credit <= 0) throw new Error("sent without credit");
    this.credit--;
    this.frames.push(message);
    this.#journal.push(`frame ${message.seq}`);
  }

  end(error?: ServiceError): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.ended = { error };
  }

  /** The view that the last frame leads to. */
  get view(): Record<string, unknown> {
    return jsonOf(this.frames.at(-1)!.data) as Record<string, unknown>;
  }

  get endCode(): string | undefined {
    return this.ended?.error?.code;
  }
}

export const testSender: Pick<LinkTransport, "sendToMany" | "streamSet"> = {
  sendToMany: (streams, message) => {
    for (const stream of streams) stream.send(message);
  },
  streamSet: <Down>() => new TestStreamSet<Down>(),
};

class TestStreamSet<Down> implements StreamSet<Down> {
  readonly #streams = new Set<ServerStream<Down>>();

  get size(): number {
    return this.#streams.size;
  }

  add(stream: ServerStream<Down>): void {
    this.#streams.add(stream);
  }

  delete(stream: ServerStream<Down>): void {
    this.#streams.delete(stream);
  }

  send(message: Down): void {
    for (const stream of this.#streams) stream.send(message);
  }
}
