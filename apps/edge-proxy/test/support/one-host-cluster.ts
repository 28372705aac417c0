import { type Logger, noLogger, noMetrics, SeededRandom, SystemClock } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable, type ServerStream } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { HostService, type ViewerFrame } from "@tidewire/protocol-host";
import type { RoutingTable } from "@tidewire/protocol-routing";
import { serveRouting } from "@tidewire/routing";
import { DEVELOPMENT_KEY } from "@tidewire/service";

const encoder = new TextEncoder();
const HASH = "0123456789abcdef";

interface Viewer {
  readonly stream: ServerStream<ViewerFrame>;
  sentSeq: number;
}

/**
 * Routing tier and document host in the process of the test, over the real link: one document whose view is a text of
 * a size the test chooses, so that edges can be looked at from outside.
 */
export class OneHostCluster {
  readonly viewers = new Set<Viewer>();
  readonly #logger: Logger = noLogger;
  #listener: LinkListener | undefined;
  seq = 1;
  text = "";

  async start(): Promise<void> {
    const transport = createBinaryLinkTransport(
      { nodeId: "host-1", role: "document-host", sharedKey: DEVELOPMENT_KEY },
      { clock: new SystemClock(), random: new SeededRandom(1), logger: this.#logger, metrics: noMetrics },
    );
    const services = new LinkServiceTable();
    const { methods } = HostService;
    services.unary(methods.get, () => ({
      seq: this.seq,
      hash: HASH,
      view: encoder.encode(JSON.stringify(this.#view)),
    }));
    services.unary(methods.send, ({ message, arg }) => ({
      seq: this.seq,
      value: JSON.stringify({ message, arg: arg?.length }),
    }));
    services.unary(methods.create, () => ({ seq: this.seq }));
    services.unary(methods.delete, () => ({}));
    services.stream(methods.connect, (_request, stream) => {
      const viewer = { stream, sentSeq: 0 };
      this.viewers.add(viewer);
      this.#deliverTo(viewer);
      return {
        message: () => {
          viewer.sentSeq = 0;
          this.#deliverTo(viewer);
        },
        credit: () => this.#deliverTo(viewer),
        cancelled: () => void this.viewers.delete(viewer),
      };
    });
    const table: { current: RoutingTable | undefined } = { current: undefined };
    serveRouting(
      {
        get table() {
          return table.current;
        },
        onTable: () => () => {},
      },
      services,
      { logger: this.#logger, metrics: noMetrics },
    );
    this.#listener = await transport.listen("127.0.0.1:0", services);
    const host = { id: "host-1", address: this.address, zone: "", weight: 1, state: "active" as const, boot: 1 };
    table.current = { epoch: 1, version: 1, digest: HASH, isFrozen: false, hosts: [host] };
  }

  get address(): string {
    return this.#listener!.address;
  }

  /** The next state: every viewer with credit gets it, the others when they have some. */
  change(text: string): void {
    this.seq++;
    this.text = text;
    for (const viewer of this.viewers) this.#deliverTo(viewer);
  }

  async stop(): Promise<void> {
    await this.#listener?.close(0);
  }

  get #view(): object {
    return { text: this.text };
  }

  #deliverTo(viewer: Viewer): void {
    if (viewer.stream.credit < 1 || viewer.sentSeq === this.seq) return;
    const kind = viewer.sentSeq === 0 ? "snapshot" : "delta";
    viewer.sentSeq = this.seq;
    const data = encoder.encode(JSON.stringify({ "@s": this.seq, ...this.#view }));
    viewer.stream.send({ kind, seq: this.seq, hash: HASH, data });
  }
}
