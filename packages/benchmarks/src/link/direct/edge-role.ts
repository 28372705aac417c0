import type { ClientStream, LinkConnection } from "@tidewire/link";
import { HostService, type SendResponse, type ViewerFrame, type ViewerUp } from "@tidewire/protocol-host";
import { CountingMetrics } from "../../shared/counting-metrics.ts";
import { OpenLoop } from "../../shared/open-loop.ts";
import { CpuMark } from "../../shared/process-cpu.ts";
import { serveRole } from "../../shared/role.ts";
import { createTransport } from "../link-variants.ts";
import { requestOf } from "../operation.ts";
import { OperationLedger } from "../operation-ledger.ts";
import { AnsweringConnection } from "./answering-connection.ts";
import type { EdgeRoleSettings, EdgeWindow, Load } from "./direct-figures.ts";

/** After a window, operations have so long to end before they count as unanswered. */
const GRACE_MS = 500;
/** Longer than the deadline of a call: every operation has ended by then, or a message was lost. */
const DRAIN_MS = 15_000;

/** The dialling side of the link, and the generator: what an edge does on its link, without the edge. */
class EdgeRole {
  readonly metrics: CountingMetrics;
  readonly #connection: LinkConnection;
  readonly #streams: ClientStream<ViewerUp>[] = [];
  #ledger = new OperationLedger();
  /** Operations are numbered on over all windows, so that a straggler is never taken for a newer one. */
  #base = 1;
  #failed = 0;

  private constructor(connection: LinkConnection, metrics: CountingMetrics) {
    this.#connection = connection;
    this.metrics = metrics;
  }

  static async start(settings: EdgeRoleSettings): Promise<EdgeRole> {
    const metrics = new CountingMetrics();
    const connection =
      settings.variant === "none"
        ? new AnsweringConnection(settings.streams)
        : await createTransport(settings.variant, "edge-proxy", metrics).dial(settings.address);
    const role = new EdgeRole(connection, metrics);
    connection.onClose((error) => {
      throw error ?? new Error("the link was closed");
    });
    await role.#openStreams(settings.streams);
    return role;
  }

  async run(load: Load): Promise<EdgeWindow> {
    const ledger = new OperationLedger();
    this.#ledger = ledger;
    this.#failed = 0;
    const base = this.#base;
    const loop = new OpenLoop(load.perSecond, (index, dueAt) => this.#issue(base + index, dueAt));
    await after(load.warmupMs);
    ledger.openWindow(base + loop.issued);
    const doneBefore = ledger.done;
    const mark = new CpuMark();
    await after(load.windowMs);
    const cpu = mark.read();
    const delivered = ledger.done - doneBefore;
    ledger.closeWindow(base + loop.issued);
    loop.stop();
    const rssBytes = process.memoryUsage.rss();
    await this.#drained(loop.issued, GRACE_MS);
    const { offered, unanswered } = ledger;
    const { due, service } = ledger.latencies();
    await this.#drained(loop.issued, DRAIN_MS);
    this.#base += loop.issued;
    const lost = loop.issued - ledger.done - this.#failed;
    if (lost > 0) throw new Error(`${lost} of ${loop.issued} operations were lost`);
    const tickLateP99Ms = loop.tickLateMs.percentile(0.99);
    return { cpu, offered, unanswered, delivered, due, service, tickLateP99Ms, rssBytes };
  }

  async #openStreams(count: number): Promise<void> {
    let live = 0;
    await new Promise<void>((resolve, reject) => {
      for (let index = 0; index < count; index++) {
        const stream: ClientStream<ViewerUp> = this.#connection.open(HostService.methods.connect, connectTo(index), {
          message: (frame) => {
            if (frame.kind === "snapshot" && ++live === count) resolve();
            this.#onFrame(stream, frame);
          },
          end: (error) => reject(error ?? new Error("a stream ended")),
        });
        this.#streams.push(stream);
      }
    });
  }

  #issue(operation: number, dueAt: number): void {
    this.#ledger.sent(operation, dueAt);
    this.#connection.call(HostService.methods.send, requestOf(operation)).then(this.#onResponse, this.#onFailure);
  }

  /** Refused, or out of time: unanswered, not lost. */
  readonly #onFailure = (): void => {
    this.#failed++;
  };

  readonly #onResponse = (response: SendResponse): void => this.#arrived(response.seq);

  /** As the edge does: what the client takes is granted again at once; the link sends the grants of a turn together. */
  #onFrame(stream: ClientStream<ViewerUp>, frame: ViewerFrame): void {
    stream.grant(1);
    if (frame.kind === "delta") this.#arrived(frame.seq);
  }

  #arrived(operation: number): void {
    if (operation >= this.#base) this.#ledger.arrived(operation);
  }

  async #drained(issued: number, withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    while (this.#ledger.done + this.#failed < issued && performance.now() < until) await after(5);
  }
}

function connectTo(index: number) {
  const principal = { agent: `player-${index}`, authority: "dev" };
  const viewer = `viewer-${index}`;
  return { space: "board-game", key: `game-${index}`, principal, viewer, hashEvery: false, tableVersion: 1 };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let role: EdgeRole | undefined;
serveRole({
  start: async (settings: EdgeRoleSettings) => {
    role = await EdgeRole.start(settings);
  },
  run: (load: Load) => role!.run(load),
  traffic: () => role!.metrics.sums,
});
