import { lanSettings, type MembershipSettings } from "../../settings.ts";
import { VirtualGroup } from "../virtual-group.ts";

export interface CrashLatency {
  /** Until the first member declared each of the crashed dead, in ms, sorted. */
  readonly firstMs: readonly number[];
  /** Until every member held each of them dead, in ms, sorted. */
  readonly everyoneMs: readonly number[];
  /** Others that were declared dead meanwhile. */
  readonly falsePositives: number;
}

export interface CrashOptions {
  readonly members: number;
  readonly crashes: number;
  readonly repetitions: number;
  readonly firstSeed?: number;
  readonly settings?: Partial<MembershipSettings>;
}

/** Kills members of one group again and again, in a new order each time, and measures who learns of it when. */
export function measureCrashLatency(options: CrashOptions): CrashLatency {
  const settings = { ...lanSettings, joinHoldMs: 0, ...options.settings };
  const firstMs: number[] = [];
  const everyoneMs: number[] = [];
  let falsePositives = 0;
  for (let repetition = 0; repetition < options.repetitions; repetition++) {
    const seed = (options.firstSeed ?? 1) + repetition;
    const group = new VirtualGroup({ seed, members: options.members, settings });
    group.boot().run(5_000 + 37 * repetition);
    const crashedAt = group.now;
    const victims = new Set(group.members.slice(options.members - options.crashes).map((member) => member.id));
    for (const id of victims) group.member(id).crash();
    const everyoneKnows = (): boolean =>
      group.running.every(({ engine }) => [...victims].every((id) => engine.member(id)?.health === "dead"));
    group.runUntil(everyoneKnows, 120_000, "everyone to know", 500);
    const deaths = group.changes.filter((change) => change.at >= crashedAt && change.after === "dead");
    falsePositives += deaths.filter((change) => !victims.has(change.subject)).length;
    for (const id of victims) {
      const heard = deaths.filter((change) => change.subject === id);
      firstMs.push(Math.min(...heard.map((change) => change.at)) - crashedAt);
      everyoneMs.push(Math.max(...heard.map((change) => change.at)) - crashedAt);
    }
  }
  const ascending = (values: number[]): number[] => values.sort((a, b) => a - b);
  return { firstMs: ascending(firstMs), everyoneMs: ascending(everyoneMs), falsePositives };
}

/** @param share 0.5 is the median. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
