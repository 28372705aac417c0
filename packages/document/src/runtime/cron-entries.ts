import type { CronSpec } from "../author/cron.ts";
import { CronSchedule } from "./cron-schedule.ts";

/** Each waits in every document of the type. */
const entriesMax = 32;
const namePattern = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** A cron entry of a document type. */
export class CronEntry extends CronSchedule {
  readonly run: CronSpec<unknown>["run"];

  constructor(spec: CronSpec<unknown>) {
    super(spec.schedule, spec.timeZone);
    if (typeof spec.run !== "function") throw new TypeError("run is not a function");
    this.run = spec.run.bind(spec);
  }
}

/** Throws `TypeError` with the name of the entry that cannot be used. */
export function cronEntries(specs: Readonly<Record<string, CronSpec<unknown>>>): ReadonlyMap<string, CronEntry> {
  const names = Object.keys(specs);
  if (names.length > entriesMax) throw new TypeError(`more than ${entriesMax} cron entries`);
  return new Map(names.map((name) => [name, cronEntry(name, specs[name]!)]));
}

function cronEntry(name: string, spec: CronSpec<unknown>): CronEntry {
  if (!namePattern.test(name))
    throw new TypeError(`cron "${name}": a name is a letter followed by letters, digits or _`);
  try {
    return new CronEntry(spec);
  } catch (cause) {
    throw new TypeError(`cron "${name}": ${(cause as Error).message}`, { cause });
  }
}
