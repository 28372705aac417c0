import { OpenLoop } from "../../shared/open-loop.ts";
import { CpuMark } from "../../shared/process-cpu.ts";
import { serveRole } from "../../shared/role.ts";
import { OperationLedger } from "../operation-ledger.ts";
import type { GeneratorLoad, GeneratorSettings, GeneratorWindow } from "./edge-figures.ts";
import { FIRST_OPERATION, LoadClient } from "./load-client.ts";

const SPACE = "bench-relay";
const QUIET_MS = 3_000;
/** The clients take turns, so that not all acknowledge at once. */
const ACKNOWLEDGE_MS = 1_000;
const ACKNOWLEDGE_SLICES = 100;
const GRACE_MS = 500;
/** Longer than the deadline of a request: every operation has ended by then, or a frame was lost. */
const DRAIN_MS = 15_000;
/** With more unanswered operations than this the system is overloaded: they are late, not lost. */
const OVERLOAD_SHARE = 0.001;
/** Clients that connect at the same time. */
const CONNECTING = 32;

/** WebSocket clients in pairs: every operation is a message of one, answered to it and shown to the other. */
class LoadGenerator {
  readonly #clients: LoadClient[] = [];
  /** By receiving client: the newest operation of its partner that it was shown. */
  readonly #shown: number[] = [];
  readonly #readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
  #settings: GeneratorSettings | undefined;
  #openCount = 0;
  #ledger = new OperationLedger();
  #base = FIRST_OPERATION;
  #merged = 0;
  #refused = 0;
  #firstRefusal = "";

  start(settings: GeneratorSettings): void {
    this.#settings = settings;
    setInterval(() => {
      for (let index = 0; index < this.#openCount; index++) this.#clients[index]!.keepAlive(QUIET_MS);
    }, QUIET_MS);
    let slice = 0;
    setInterval(() => {
      for (let index = slice; index < this.#openCount; index += ACKNOWLEDGE_SLICES) this.#clients[index]!.acknowledge();
      slice = (slice + 1) % ACKNOWLEDGE_SLICES;
    }, ACKNOWLEDGE_MS / ACKNOWLEDGE_SLICES);
  }

  /** Opens as many more as are missing; an even number. */
  async openClients(total: number): Promise<void> {
    const { run } = this.#settings!;
    const first = this.#clients.length;
    for (let index = first; index < total; index++) {
      this.#shown.push(-1);
      this.#clients.push(
        new LoadClient(`${run}-${index}`, {
          answered: (operation) => this.#arrived(operation),
          shown: (operation) => this.#onShown(index, operation),
          refused: (text) => {
            this.#refused++;
            if (this.#firstRefusal === "") this.#firstRefusal = text;
          },
        }),
      );
    }
    const pairs: number[] = [];
    for (let index = first; index < total; index += 2) pairs.push(index / 2);
    const openPairs = async (): Promise<void> => {
      for (let pair = pairs.shift(); pair !== undefined; pair = pairs.shift()) await this.#openPair(pair);
    };
    await Promise.all(Array.from({ length: CONNECTING }, openPairs));
    this.#openCount = total;
  }

  async run(load: GeneratorLoad): Promise<GeneratorWindow> {
    const ledger = new OperationLedger();
    this.#ledger = ledger;
    this.#refused = 0;
    const base = this.#base;
    const count = this.#clients.length;
    this.#shown.forEach((_, index) => {
      // One round before the partner's first operation of this run.
      this.#shown[index] = base + (index ^ 1) - count;
    });
    const loop = new OpenLoop(load.perSecond, (index, dueAt) => {
      ledger.sent(base + index, dueAt);
      this.#clients[index % count]!.pass(base + index);
    });
    await after(load.warmupMs);
    ledger.openWindow(base + loop.issued);
    const before = { done: ledger.done, merged: this.#merged };
    const mark = new CpuMark();
    await after(load.windowMs);
    const cpu = mark.read();
    const delivered = ledger.done - before.done;
    ledger.closeWindow(base + loop.issued);
    loop.stop();
    await this.#drained(loop.issued, GRACE_MS);
    const { offered, unanswered } = ledger;
    const { due, service } = ledger.latencies();
    const isOverloaded = unanswered > OVERLOAD_SHARE * offered;
    await this.#drained(loop.issued, isOverloaded ? load.giveUpMs : DRAIN_MS);
    this.#base += loop.issued;
    const left = loop.issued - ledger.done - this.#refused;
    if (left > 0 && !isOverloaded) throw new Error(`${left} of ${loop.issued} operations were lost`);
    return {
      ...(left > 0 ? { gaveUp: `${left} operations were still under way` } : {}),
      cpu,
      offered,
      unanswered,
      delivered,
      merged: this.#merged - before.merged,
      refused: this.#refused,
      firstRefusal: this.#firstRefusal,
      due,
      service,
      tickLateP99Ms: loop.tickLateMs.percentile(0.99),
    };
  }

  async #openPair(pair: number): Promise<void> {
    const { url, run } = this.#settings!;
    const members = [this.#clients[2 * pair]!, this.#clients[2 * pair + 1]!];
    for (const member of members) await member.open(url, this.#readBuffer);
    const key = `${run}-pair-${pair}`;
    await members[0]!.create(SPACE, key, { agents: members.map(({ agent }) => agent) });
    for (const member of members) await member.connect(SPACE, key);
  }

  #onShown(receiver: number, operation: number): void {
    const from = this.#shown[receiver]!;
    const count = this.#clients.length;
    if (operation > from + count) this.#merged++;
    for (let each = from + count; each <= operation; each += count) this.#arrived(each);
    if (operation > from) this.#shown[receiver] = operation;
  }

  #arrived(operation: number): void {
    if (operation >= this.#base) this.#ledger.arrived(operation);
  }

  async #drained(issued: number, withinMs: number): Promise<void> {
    const until = performance.now() + withinMs;
    while (this.#ledger.done + this.#refused < issued && performance.now() < until) await after(5);
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const generator = new LoadGenerator();
serveRole({
  start: (settings: GeneratorSettings) => generator.start(settings),
  openClients: (total: number) => generator.openClients(total),
  run: (load: GeneratorLoad) => generator.run(load),
});
