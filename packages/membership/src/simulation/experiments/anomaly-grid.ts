import { lanSettings, type MembershipSettings } from "../../settings.ts";
import { VirtualGroup } from "../virtual-group.ts";
import type { VirtualMember } from "../virtual-member.ts";

/** One cell of the Lifeguard experiment (DSN 2018, section V): `slow` members pass nothing for `blockedMs`, work for `normalMs`, and so on. */
export interface AnomalyCell {
  readonly slow: number;
  readonly blockedMs: number;
  readonly normalMs: number;
}

export interface AnomalyResult {
  /** Verdicts against healthy members, as the paper counts: by those whose suspicion ran out. */
  readonly falsePositives: number;
  /** Of these, by healthy members. */
  readonly falsePositivesAtHealthy: number;
  /** Healthy members held dead by healthy members, whoever declared them: what a routing table would show. */
  readonly wrongDeathsAtHealthy: number;
  readonly datagrams: number;
  readonly bytes: number;
}

export interface AnomalyOptions {
  readonly seed: number;
  readonly members?: number;
  readonly runMs?: number;
  readonly settings?: Partial<MembershipSettings>;
}

/** The whole grid of the paper, without its repetitions: 5 x 6 x 8 cells. */
export const anomalyGrid: readonly AnomalyCell[] = [1, 4, 8, 16, 32].flatMap((slow) =>
  [128, 512, 2_048, 8_192, 16_384, 32_768].flatMap((blockedMs) =>
    [1, 4, 16, 64, 256, 1_024, 4_096, 16_384].map((normalMs) => ({ slow, blockedMs, normalMs })),
  ),
);

/** The corners that show most: seconds instead of minutes. */
export const anomalySlice: readonly AnomalyCell[] = [4, 16].flatMap((slow) =>
  [2_048, 16_384].flatMap((blockedMs) => [16, 1_024].map((normalMs) => ({ slow, blockedMs, normalMs }))),
);

export function runAnomalyCell(cell: AnomalyCell, options: AnomalyOptions): AnomalyResult {
  const members = options.members ?? 128;
  // Holds only matter to the table above; without them the group is quiet sooner.
  const settings = { ...lanSettings, joinHoldMs: 0, ...options.settings };
  const group = new VirtualGroup({ seed: options.seed, members, settings });
  group.boot().run(15_000);
  const startedAt = group.now;
  const changesBefore = group.changes.length;
  const { datagrams, bytes } = group.network;
  const slow = group.members.slice(members - cell.slow);
  for (const member of slow) stallRepeatedly(group, member, cell, startedAt + (options.runMs ?? 120_000));
  group.run(options.runMs ?? 120_000);
  const slowIds = new Set(slow.map((member) => member.id));
  const wrong = group.changes
    .slice(changesBefore)
    .filter((change) => change.after === "dead" && !slowIds.has(change.subject));
  const verdicts = wrong.filter((change) => change.isVerdict);
  return {
    falsePositives: verdicts.length,
    falsePositivesAtHealthy: verdicts.filter((change) => !slowIds.has(change.observer)).length,
    wrongDeathsAtHealthy: wrong.filter((change) => !slowIds.has(change.observer)).length,
    datagrams: group.network.datagrams - datagrams,
    bytes: group.network.bytes - bytes,
  };
}

function stallRepeatedly(group: VirtualGroup, member: VirtualMember, cell: AnomalyCell, until: number): void {
  const block = (): void => {
    if (group.now >= until) return;
    member.stall(cell.blockedMs);
    group.clock.after(cell.blockedMs + cell.normalMs, block);
  };
  block();
}

export function sumOf(results: readonly AnomalyResult[]): AnomalyResult {
  const total = { falsePositives: 0, falsePositivesAtHealthy: 0, wrongDeathsAtHealthy: 0, datagrams: 0, bytes: 0 };
  for (const result of results) {
    total.falsePositives += result.falsePositives;
    total.falsePositivesAtHealthy += result.falsePositivesAtHealthy;
    total.wrongDeathsAtHealthy += result.wrongDeathsAtHealthy;
    total.datagrams += result.datagrams;
    total.bytes += result.bytes;
  }
  return total;
}
