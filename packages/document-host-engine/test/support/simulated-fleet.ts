import { type JsonObject, ViewReplica } from "@tidewire/delta";
import type { DocumentRuntime } from "@tidewire/document";
import { type ManualClock, type SeededRandom, ServiceError } from "@tidewire/foundation";
import type { MemoryLogEngine } from "@tidewire/log-engine";
import { jsonOf } from "./fake-runtime.ts";
import { alice, bob, document, TestBed, TestRouting } from "./test-bed.ts";
import { TestStream } from "./test-stream.ts";

export type SimulatedStep =
  | { readonly kind: "send"; readonly isMarked: boolean }
  | { readonly kind: "view" }
  | { readonly kind: "leave"; readonly isOrderly: boolean }
  | { readonly kind: "table"; readonly owner: number; readonly tellOnly: number | null }
  | { readonly kind: "crash"; readonly host: number }
  | { readonly kind: "failAppend" | "loseAppend" | "failOpen" | "failSnapshot"; readonly times: number }
  | { readonly kind: "hold" | "release" }
  | { readonly kind: "pass"; readonly ms: number };

/** A client's viewer: subscribes again wherever the table points, as an edge does. */
class SimulatedViewer {
  readonly principal: typeof alice;
  readonly frames: { readonly seq: number; readonly entries: readonly string[] }[] = [];
  readonly #fleet: SimulatedFleet;
  readonly #id: string;
  #stream: TestStream | undefined;
  #leave: ((isOrderly: boolean) => void) | undefined;
  #isGone = false;
  #bed: TestBed | undefined;
  readonly #replica = new ViewReplica();

  constructor(fleet: SimulatedFleet, id: string, principal: typeof alice) {
    this.#fleet = fleet;
    this.#id = id;
    this.principal = principal;
    this.#subscribe();
  }

  get entries(): unknown {
    return this.#replica.value["entries"] ?? [];
  }

  leave(isOrderly: boolean): void {
    this.#isGone = true;
    this.#stream!.isOpen = false;
    this.#leave?.(isOrderly);
  }

  /** The host this viewer is on has crashed: nobody will end its stream. */
  lose(bed: TestBed): void {
    if (this.#bed === bed && this.#stream !== undefined) this.#stream.isOpen = false;
  }

  #subscribe(): void {
    if (this.#isGone) return;
    const fleet = this.#fleet;
    const bed = fleet.owner();
    const stream = new TestStream(1_000);
    const replica = this.#replica;
    const send = stream.send.bind(stream);
    let lastSeq = 0;
    stream.send = (message) => {
      if (message.seq < lastSeq) throw new Error(`a stream went back from ${lastSeq} to ${message.seq}`);
      lastSeq = message.seq;
      send(message);
      const frame = jsonOf(message.data) as JsonObject;
      const check = message.kind === "snapshot" ? replica.applySnapshot(frame) : replica.applyDelta(frame);
      if (check === "mismatch") throw new Error(`a frame of seq ${message.seq} leads to another state than it says`);
      this.frames.push({ seq: message.seq, entries: this.entries as string[] });
    };
    this.#stream = stream;
    this.#bed = bed;
    const resume = replica.seq > 0 ? { resume: { seq: replica.seq, hash: replica.hash() } } : {};
    const { connection } = bed.connect({ id: this.#id, principal: this.principal, stream, ...resume });
    this.#leave = (isOrderly) => connection.cancelled(isOrderly);
    const again = (): void => {
      if (stream.isOpen) fleet.clock.after(500, again);
      else fleet.clock.after(20, () => this.#subscribe());
    };
    fleet.clock.after(500, again);
  }
}

/** Two hosts on one log, clients that retry as ours do, and everything that can go wrong in between. */
export class SimulatedFleet {
  readonly clock: ManualClock;
  readonly acknowledged = new Set<string>();
  readonly #log: MemoryLogEngine;
  readonly #random: SeededRandom;
  readonly #runtime: () => DocumentRuntime;
  readonly #routings = [new TestRouting("host-0"), new TestRouting("host-0")];
  readonly #beds: TestBed[] = [];
  readonly #viewers: SimulatedViewer[] = [];
  readonly #everSent: string[] = [];
  readonly #held: { release(): void }[] = [];
  #owner = 0;
  #version = 1;
  #pending = 0;
  #final: readonly string[] = [];

  constructor(clock: ManualClock, log: MemoryLogEngine, random: SeededRandom, runtime: () => DocumentRuntime) {
    this.#runtime = runtime;
    this.clock = clock;
    this.#log = log;
    this.#random = random;
    for (const index of [0, 1]) this.#beds.push(this.#boot(index));
  }

  /** Where the edges' table points. */
  owner(): TestBed {
    return this.#beds[this.#owner]!;
  }

  async take(step: SimulatedStep): Promise<void> {
    const unavailable = () => new ServiceError("unavailable", "injected");
    if (step.kind === "send") this.#send(step.isMarked);
    else if (step.kind === "view" && this.#viewers.length < 6) this.#view();
    else if (step.kind === "leave") this.#viewers.shift()?.leave(step.isOrderly);
    else if (step.kind === "table") this.#table(step.owner, step.tellOnly);
    else if (step.kind === "crash") this.#crash(step.host);
    else if (step.kind === "hold") this.#held.push(this.#log.faults.holdNext("append"));
    else if (step.kind === "release") this.#held.shift()?.release();
    else if (step.kind === "pass") await this.clock.advanceAsync(step.ms);
    else {
      const times = "times" in step ? step.times : 0;
      for (let fault = 0; fault < times; fault++) {
        if (step.kind === "failAppend") this.#log.faults.failNext("append", unavailable());
        if (step.kind === "loseAppend") this.#log.faults.loseNextAnswer("append", unavailable());
        if (step.kind === "failOpen") this.#log.faults.failNext("open", unavailable());
        if (step.kind === "failSnapshot") this.#log.faults.failNext("snapshot", unavailable());
      }
    }
    // Sometimes several things happen before anything settles.
    if (this.#random.next() < 0.5) await this.clock.advanceAsync(0);
  }

  /** The trouble ends; clients get what they are owed. */
  async heal(): Promise<void> {
    this.#table(0, null);
    this.#view();
    for (let round = 0; round < 200 && (this.#pending > 0 || round < 3); round++) {
      for (const held of this.#held.splice(0)) held.release();
      // Appends use up the faults that are still planned.
      if (round < 3) this.#send(true);
      await this.clock.advanceAsync(2_000);
    }
    if (this.#pending > 0) throw new Error(`${this.#pending} clients never got an answer`);
    await this.clock.advanceAsync(10_000);
    const view = this.owner().host.view(document, bob, { tableVersion: 0, deadlineAt: Number.POSITIVE_INFINITY });
    await this.clock.advanceAsync(1_000);
    this.#final = (jsonOf((await view).json) as { entries: string[] }).entries;
  }

  check(): void {
    const final = this.#final;
    const counts = new Map<string, number>();
    for (const entry of final) counts.set(entry, (counts.get(entry) ?? 0) + 1);
    for (const id of this.acknowledged) {
      if (counts.get(id) !== 1) throw new Error(`${id} was acknowledged and is there ${counts.get(id) ?? 0} times`);
    }
    for (const id of this.#everSent) if ((counts.get(id) ?? 0) > 1) throw new Error(`${id} was done twice`);
    for (const viewer of this.#viewers) {
      for (const { seq, entries } of viewer.frames) {
        const isPrefix = entries.every((entry, at) => final[at] === entry);
        if (!isPrefix) throw new Error(`a frame of seq ${seq} showed what is not in the log: ${entries.join()}`);
      }
      const seen = viewer.entries;
      if (JSON.stringify(seen) !== JSON.stringify(final)) {
        throw new Error(`a viewer holds ${JSON.stringify(seen)} and the log ${JSON.stringify(final)}`);
      }
    }
  }

  #boot(index: number): TestBed {
    return new TestBed({
      nodeId: `host-${index}`,
      clock: this.clock,
      log: this.#log,
      routing: this.#routings[index]!,
      runtime: this.#runtime(),
      random: this.#random,
      options: { snapshotTailPatches: 4, idleUnloadMs: 10_000 },
    });
  }

  #crash(index: number): void {
    const bed = this.#beds[index]!;
    bed.host.stop();
    for (const viewer of this.#viewers) viewer.lose(bed);
    this.#beds[index] = this.#boot(index);
  }

  #table(owner: number, tellOnly: number | null): void {
    this.#owner = owner;
    this.#version++;
    for (const [index, routing] of this.#routings.entries()) {
      if (tellOnly === null || tellOnly === index) routing.name(`host-${owner}`, this.#version);
    }
  }

  #view(): void {
    const principal = this.#viewers.length % 2 === 0 ? alice : bob;
    this.#viewers.push(new SimulatedViewer(this, `viewer-${this.#viewers.length}-${this.#random.bits()}`, principal));
  }

  #send(isMarked: boolean): void {
    const id = `${isMarked ? "m" : "u"}${this.#everSent.length}`;
    this.#everSent.push(id);
    this.#pending++;
    this.#attempt(id, isMarked, 0);
  }

  /** As a client does: what surely did not happen is tried again, what may have happened only with a marker. */
  #attempt(id: string, isMarked: boolean, attempts: number): void {
    const command = {
      kind: "message" as const,
      principal: alice,
      message: "push",
      arg: JSON.stringify({ id }),
      ...(isMarked ? { marker: id } : {}),
    };
    const bed = this.owner();
    const context = { tableVersion: 0, deadlineAt: this.clock.monotonicMs() + 4_000 };
    void this.#answered(bed.host.execute(document, command, context), id, isMarked, attempts);
  }

  async #answered(answer: Promise<unknown>, id: string, isMarked: boolean, attempts: number): Promise<void> {
    try {
      await answer;
      this.acknowledged.add(id);
      this.#pending--;
    } catch (thrown) {
      const error = ServiceError.from(thrown);
      if (!error.retryable) throw error;
      const mayHaveHappened = error.code === "timeout" && !isMarked;
      if (mayHaveHappened || attempts > 2_000) this.#pending--;
      else this.clock.after(100, () => this.#attempt(id, isMarked, attempts + 1));
    }
  }
}
