import { currentRecords, type LogRecord } from "../runtime/load-document.ts";
import type { StoredDocument } from "../runtime/runtime.ts";
import type { CronRow, MarkerRow, PatchRecord, PrincipalRow, TimerRow } from "./log-record.ts";
import { LogFormatError } from "./restore-state.ts";
import { patchTree, type StoredTree } from "./stored-tree.ts";

export interface RestartRecord {
  /** To be appended to a log, from one seq to the other. */
  readonly data: Uint8Array;
  /** When the document's next timer is due, wall clock, ms; absent if it has none. */
  readonly wakeAt?: number;
}

/**
 * A patch that begins the document anew in the state another log leads to, whatever was before: how a document is put
 * back. The type of the document need not be known. Throws `LogFormatError` or `Error` for records that do not follow each
 * other, and if the document does not exist at the end of them.
 */
export function restartRecord(
  logged: StoredDocument,
  range: { readonly from: number; readonly to: number },
): RestartRecord {
  const records = currentRecords(logged);
  const [first] = records;
  if (first === undefined) throw new LogFormatError(`the document does not exist at seq ${logged.seq}`);
  if (records.some(({ v }) => v !== first.v)) throw new LogFormatError("two versions wrote the document in one go");
  const state = Object.create(null) as StoredTree;
  const ledgers = new Ledgers();
  let random: PatchRecord["random"];
  for (const record of records) {
    if (record.state !== undefined) patchTree(state, record.state);
    random = record.random ?? random;
    ledgers.add(record);
  }
  const patch: PatchRecord = {
    f: first.f,
    v: first.v,
    from: range.from,
    to: range.to,
    created: true,
    ...(random === undefined ? {} : { random }),
    ...ledgers.all(),
    state,
  };
  const data = new TextEncoder().encode(JSON.stringify(patch));
  const { wakeAt } = ledgers;
  return wakeAt === undefined ? { data } : { data, wakeAt };
}

/** What a document has beside its state, gathered from records without knowing its type. */
class Ledgers {
  readonly #timers = new Map<number, TimerRow>();
  #nextTimer = 1;
  readonly #cron = new Map<string, CronRow>();
  readonly #markers: MarkerRow[] = [];
  readonly #connected = new Map<string, PrincipalRow>();

  add(record: LogRecord): void {
    if ("nextTimer" in record) {
      this.#setTimers(record.timers, record.nextTimer);
      for (const row of record.cron ?? []) this.#cron.set(row[0], row);
      this.#connect(record.connected);
    } else this.#change(record);
    this.#markers.push(...(record.markers ?? []));
  }

  #change({ timers, cron, connected }: PatchRecord): void {
    if (timers !== undefined) {
      this.#setTimers(timers.set, timers.next);
      for (const id of timers.gone) this.#timers.delete(id);
    }
    for (const row of cron?.set ?? []) this.#cron.set(row[0], row);
    for (const name of cron?.gone ?? []) this.#cron.delete(name);
    this.#connect(connected?.came ?? []);
    for (const row of connected?.went ?? []) this.#connected.delete(JSON.stringify(row));
  }

  get wakeAt(): number | undefined {
    const due = [...this.#timers.values(), ...this.#cron.values()].map(([, dueAt]) => dueAt);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  all(): Partial<PatchRecord> {
    const came = [...this.#connected.values()];
    const hasTimers = this.#timers.size > 0 || this.#nextTimer > 1;
    return {
      ...(hasTimers ? { timers: { set: [...this.#timers.values()], gone: [], next: this.#nextTimer } } : {}),
      ...(this.#cron.size === 0 ? {} : { cron: { set: [...this.#cron.values()], gone: [] } }),
      ...(came.length === 0 ? {} : { connected: { came, went: [] } }),
      ...(this.#markers.length === 0 ? {} : { markers: this.#markers }),
    };
  }

  #setTimers(rows: readonly TimerRow[], next: number): void {
    for (const row of rows) this.#timers.set(row[0], row);
    this.#nextTimer = next;
  }

  #connect(rows: readonly PrincipalRow[]): void {
    for (const row of rows) this.#connected.set(JSON.stringify(row), row);
  }
}
