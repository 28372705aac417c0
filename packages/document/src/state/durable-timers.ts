import type { Principal } from "@tidewire/foundation";
import type { DocumentState } from "./document-state.ts";
import { LimitError } from "./limit-error.ts";
import type { Undoable } from "./undo-log.ts";

export interface DurableTimer {
  readonly id: number;
  /** Wall clock, ms. */
  readonly dueAt: number;
  readonly name: string;
  readonly principal: Principal;
  /** Plain JSON. */
  readonly arg: unknown;
}

const added = 0;
const removed = 1;

/** Timers that are a part of the document: they are logged, roll back, and wake it when it is not loaded. */
export class DurableTimers implements Undoable {
  readonly #state: DocumentState;
  readonly #timersMax: number;
  readonly #timers = new Map<number, DurableTimer>();
  #nextId = 1;
  /** Ids that are not in the log as they are here. */
  readonly #unlogged = new Set<number>();

  constructor(state: DocumentState, timersMax: number) {
    this.#state = state;
    this.#timersMax = timersMax;
  }

  get nextId(): number {
    return this.#nextId;
  }

  get all(): readonly DurableTimer[] {
    return [...this.#timers.values()];
  }

  /** Due first; of those due together, set first. */
  get first(): DurableTimer | undefined {
    let first: DurableTimer | undefined;
    for (const timer of this.#timers.values()) {
      if (first === undefined || timer.dueAt < first.dueAt || (timer.dueAt === first.dueAt && timer.id < first.id)) {
        first = timer;
      }
    }
    return first;
  }

  add(timer: Omit<DurableTimer, "id">): number {
    if (this.#timers.size >= this.#timersMax) throw new LimitError("timersMax", this.#timersMax);
    const id = this.#nextId;
    this.#state.log(this, added, id);
    this.#timers.set(id, { ...timer, id });
    this.#nextId++;
    return id;
  }

  remove(id: number): boolean {
    const timer = this.#timers.get(id);
    if (timer === undefined) return false;
    this.#state.log(this, removed, timer);
    this.#timers.delete(id);
    return true;
  }

  /** As the log says it; not a change. */
  restore(timers: readonly DurableTimer[], nextId: number): void {
    for (const timer of timers) this.#timers.set(timer.id, timer);
    this.#nextId = nextId;
  }

  /** The log has none of them in a form that counts. */
  markUnlogged(): void {
    for (const id of this.#timers.keys()) this.#unlogged.add(id);
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) this.#timers.delete(id);
  }

  /** What the log does not know yet. */
  takeChanges(): { readonly set: readonly DurableTimer[]; readonly gone: readonly number[] } | undefined {
    if (this.#unlogged.size === 0) return undefined;
    const ids = [...this.#unlogged];
    this.#unlogged.clear();
    const set = ids.flatMap((id) => this.#timers.get(id) ?? []);
    return { set, gone: ids.filter((id) => !this.#timers.has(id)) };
  }

  undo(code: number, old: unknown): void {
    if (code === added) {
      this.#timers.delete(old as number);
      this.#nextId = old as number;
    } else {
      const timer = old as DurableTimer;
      this.#timers.set(timer.id, timer);
    }
  }

  commit(code: number, old: unknown): boolean {
    this.#unlogged.add(code === added ? (old as number) : (old as DurableTimer).id);
    return true;
  }
}
