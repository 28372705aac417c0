import type { DocumentState } from "./document-state.ts";
import type { Undoable } from "./undo-log.ts";

/** What a timer needs to know of its schedule. */
export interface CronTimes {
  readonly schedule: string;
  readonly timeZone: string;
  nextAfter(afterMs: number): number;
}

/** The next run of one entry, with the schedule it was computed by. */
export interface CronTimer {
  readonly name: string;
  /** Wall clock, ms. */
  readonly dueAt: number;
  readonly schedule: string;
  readonly timeZone: string;
}

/** What one transaction made of one entry. */
interface Change {
  readonly name: string;
  readonly old: CronTimer | undefined;
}

/**
 * When each cron entry of the document type runs next in this document: logged, rolled back, and waking it like any timer.
 * A document that was written under other schedules is out of date until `adopt` is called.
 */
export class CronTimers implements Undoable {
  readonly #state: DocumentState;
  readonly #entries: ReadonlyMap<string, CronTimes>;
  readonly #timers = new Map<string, CronTimer>();
  /** Names that are not in the log as they are here. */
  readonly #unlogged = new Set<string>();
  /** `undefined`: has to be looked at again. */
  #isCurrent: boolean | undefined;

  constructor(state: DocumentState, entries: ReadonlyMap<string, CronTimes>) {
    this.#state = state;
    this.#entries = entries;
  }

  get all(): readonly CronTimer[] {
    return [...this.#timers.values()];
  }

  /** Whether every entry waits for its next run by its schedule of today, and nothing else does. */
  get isCurrent(): boolean {
    return (this.#isCurrent ??=
      this.#timers.size === this.#entries.size &&
      [...this.#entries].every(([name, entry]) => isBy(this.#timers.get(name), entry)));
  }

  /** Due first; of those due together, by name. */
  get first(): CronTimer | undefined {
    let first: CronTimer | undefined;
    for (const timer of this.#timers.values()) {
      if (
        first === undefined ||
        timer.dueAt < first.dueAt ||
        (timer.dueAt === first.dueAt && timer.name < first.name)
      ) {
        first = timer;
      }
    }
    return first;
  }

  /** Brings it up to the schedules of today: what is new or changed waits from `now` on, what is gone waits no more. */
  adopt(now: number): void {
    for (const name of [...this.#timers.keys()]) if (!this.#entries.has(name)) this.#set(name, undefined);
    for (const [name, entry] of this.#entries) if (!isBy(this.#timers.get(name), entry)) this.advance(name, now);
  }

  /** The entry waits for its first time after `now`: one run stands for all that were missed. */
  advance(name: string, now: number): void {
    const entry = this.#entries.get(name)!;
    const { schedule, timeZone } = entry;
    this.#set(name, { name, dueAt: entry.nextAfter(now), schedule, timeZone });
  }

  /** As the log says it; not a change. */
  restore(timers: readonly CronTimer[], gone: readonly string[]): void {
    for (const timer of timers) this.#timers.set(timer.name, timer);
    for (const name of gone) this.#timers.delete(name);
    this.#isCurrent = undefined;
  }

  /** The log has none of them in a form that counts. */
  markUnlogged(): void {
    for (const name of this.#timers.keys()) this.#unlogged.add(name);
  }

  /** What the log does not know yet. */
  takeChanges(): { readonly set: readonly CronTimer[]; readonly gone: readonly string[] } | undefined {
    if (this.#unlogged.size === 0) return undefined;
    const names = [...this.#unlogged];
    this.#unlogged.clear();
    return {
      set: names.flatMap((name) => this.#timers.get(name) ?? []),
      gone: names.filter((name) => !this.#timers.has(name)),
    };
  }

  undo(_code: number, old: unknown): void {
    const change = old as Change;
    this.#put(change.name, change.old);
  }

  commit(_code: number, old: unknown): boolean {
    this.#unlogged.add((old as Change).name);
    return true;
  }

  #set(name: string, timer: CronTimer | undefined): void {
    this.#state.log(this, 0, { name, old: this.#timers.get(name) } satisfies Change);
    this.#put(name, timer);
  }

  #put(name: string, timer: CronTimer | undefined): void {
    if (timer === undefined) this.#timers.delete(name);
    else this.#timers.set(name, timer);
    this.#isCurrent = undefined;
  }
}

function isBy(timer: CronTimer | undefined, { schedule, timeZone }: CronTimes): boolean {
  return timer?.schedule === schedule && timer.timeZone === timeZone;
}
