import { Cron, type CronOptions } from "croner";

/** Where the first occurrence is looked for when a schedule is checked: any time will do, all of them repeat. */
const checkedFromMs = Date.UTC(2000, 0, 1);

const rules: CronOptions = {
  // Nothing is started: it only computes.
  paused: true,
  // A document that wakes every second should be awake anyway, with a timer of its own.
  mode: "5-part",
  // Lists and ranges of hours follow the rule of single hours when clocks change, as in most crons.
  fixedTimeRule: "no-wildcard",
};

/**
 * The times a cron expression names in one time zone. When clocks go forward, fixed times in the gap come once, at its end;
 * when they go back, fixed times come once, the first time. Times with a wildcard or step in hours or minutes follow the
 * clock: left out in the gap, and twice where the clock shows them twice.
 */
export class CronSchedule {
  readonly schedule: string;
  readonly timeZone: string;
  readonly #cron: Cron;

  /** Throws `TypeError` with what is wrong. */
  constructor(schedule: unknown, timeZone: unknown = "UTC") {
    if (typeof timeZone !== "string" || !isTimeZone(timeZone)) {
      throw new TypeError(`"${String(timeZone)}" is not an IANA time zone such as "Europe/Berlin"`);
    }
    // A date would be taken for a schedule of one run.
    if (typeof schedule !== "string" || /^\s*\d{4}-/.test(schedule)) throw notASchedule(schedule);
    this.schedule = schedule;
    this.timeZone = timeZone;
    try {
      this.#cron = new Cron(schedule, { ...rules, timezone: timeZone });
    } catch (cause) {
      throw notASchedule(schedule, (cause as Error).message.replace(/^CronPattern: /, ""), cause);
    }
    if (this.#cron.nextRun(new Date(checkedFromMs)) === null) throw new TypeError(`"${schedule}" never comes`);
  }

  /** The first time after `afterMs`; both wall clock, ms. */
  nextAfter(afterMs: number): number {
    const next = this.#cron.nextRun(new Date(afterMs));
    if (next === null) throw new Error(`"${this.schedule}" comes no more`);
    return next.getTime();
  }
}

function notASchedule(schedule: unknown, why?: string, cause?: unknown): TypeError {
  const text = `"${String(schedule)}" is not a cron expression of five fields such as "0 3 * * *"`;
  return new TypeError(why === undefined ? text : `${text}: ${why}`, { cause });
}

/** A name, not an offset: newer engines take those for zones, older ones do not. */
function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
