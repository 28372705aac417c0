import type { ClientStream, LinkConnection } from "@tidewire/link";
import { HostService, type SendResponse, type ViewerFrame, type ViewerUp } from "@tidewire/protocol-host";
import { CountingMetrics } from "../../shared/counting-metrics.ts";
import { idleTurnsPerCpuSecond, OpenLoop } from "../../shared/open-loop.ts";
import { CpuMark } from "../../shared/process-cpu.ts";
import { serveRole } from "../../shared/role.ts";
import { createTransport } from "../link-variants.ts";
import { OperationMessages } from "../operation.ts";
import { OperationLedger } from "../operation-ledger.ts";
import { AnsweringConnection } from "./answering-connection.ts";
import type { EdgeRoleSettings, EdgeWindow, Load } from "./direct-figures.ts";

/** After a window, operations have so long to end before they count as unanswered. */
const GRACE_MS = 500;
/** Longer than the deadline of a call: every operation has ended by then, or a message was lost. */
const DRAIN_MS = 15_000;
/** With more unanswered operations than this the link is overloaded: they are late, not lost. */
const OVERLOAD_SHARE = 0.001;

/** The dialling side of the link, and the generator: what an edge does on its link, without the edge. */
class EdgeRole {
  readonly metrics: CountingMetrics;
  readonly #connection: LinkConnection;
  readonly #streams: ClientStream<ViewerUp>[] = [];
  readonly #messages = new OperationMessages();
  #closedBy: Error | undefined;
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
        ? new AnsweringConnection()
        : await createTransport(settings.variant, "edge-proxy", metrics).dial(settings.address);
    const role = new EdgeRole(connection, metrics);
    connection.onClose((error) => {
      role.#closedBy = error ?? new Error("the link was closed");
    });
    await role.openStreams(settings.streams);
    return role;
  }

  async run(load: Load): Promise<EdgeWindow> {
    const ledger = new OperationLedger();
    this.#ledger = ledger;
    this.#failed = 0;
    const base = this.#base;
    const loop = new OpenLoop(
      load.perSecond,
      (index, dueAt, tickAt) => this.#issue(base + index, dueAt, tickAt),
      load.wake,
    );
    await after(load.warmupMs);
    ledger.openWindow(base + loop.issued);
    const doneBefore = ledger.done;
    const turnsBefore = loop.turns;
    const mark = new CpuMark();
    await after(load.windowMs);
    const cpu = mark.read();
    const delivered = ledger.done - doneBefore;
    const turns = loop.turns - turnsBefore;
    ledger.closeWindow(base + loop.issued);
    loop.stop();
    const rssBytes = process.memoryUsage.rss();
    await this.#drained(loop.issued, GRACE_MS);
    const { offered, unanswered } = ledger;
    const { due, service } = ledger.latencies();
    const isOverloaded = unanswered > OVERLOAD_SHARE * offered;
    await this.#drained(loop.issued, isOverloaded ? load.giveUpMs : DRAIN_MS);
    this.#base += loop.issued;
    const tickLateP99Ms = loop.tickLateMs.percentile(0.99);
    const window = { cpu, offered, unanswered, delivered, due, service, tickLateP99Ms, turns, rssBytes };
    const left = loop.issued - ledger.done - this.#failed;
    if (isOverloaded && this.#closedBy !== undefined) return { ...window, gaveUp: this.#closedBy.message };
    if (isOverloaded && left > 0) return { ...window, gaveUp: `${left} operations were still under way` };
    if (this.#closedBy !== undefined) throw this.#closedBy;
    if (left > 0) throw new Error(`${left} of ${loop.issued} operations were lost`);
    return window;
  }

  /** Opens as many more as are missing, and waits for the first frame of each. */
  async openStreams(total: number): Promise<void> {
    const first = this.#streams.length;
    if (first >= total) return;
    let live = first;
    await new Promise<void>((resolve, reject) => {
      for (let index = first; index < total; index++) {
        const stream: ClientStream<ViewerUp> = this.#connection.open(HostService.methods.connect, connectTo(index), {
          message: (frame) => {
            if (frame.kind === "snapshot" && ++live === total) resolve();
            this.#onFrame(stream, frame);
          },
          end: (error) => reject(error ?? new Error("a stream ended")),
        });
        this.#streams.push(stream);
      }
    });
  }

  #issue(operation: number, dueAt: number, tickAt: number): void {
    this.#ledger.sent(operation, dueAt, tickAt);
    const request = this.#messages.requestOf(operation);
    this.#connection.call(HostService.methods.send, request).then(this.#onResponse, this.#onFailure);
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
  openStreams: (total: number) => role!.openStreams(total),
  run: (load: Load) => role!.run(load),
  idleTurns: idleTurnsPerCpuSecond,
  traffic: () => role!.metrics.sums,
});
