import { expect } from "@jest/globals";
import type { SeededRandom } from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";

const WRITERS = 12;

/**
 * A dozen writers, each with the same right to write, send their append at slightly different moments: the race that lets
 * several win where a server's compare-and-set is broken. The expected seq is never 0, for which an easier test passes.
 */
export async function contest(engines: readonly LogEngine[], rounds: number, random: SeededRandom): Promise<void> {
  const document = { space: "contest", key: `from-${random.next()}` };
  const [first] = engines as [LogEngine];
  const { epoch } = await first.open(document, "host-a");
  await first.append(document, { epoch, expectedSeq: 0, seq: 1, data: Buffer.from("start") });
  for (let round = 1; round <= rounds; round++) {
    const outcomes = await Promise.allSettled(
      Array.from({ length: WRITERS }, async (_, writer) => {
        await pause(random.next() * 2);
        const engine = engines[writer % engines.length] as LogEngine;
        const data = Buffer.from(`round ${round} writer ${writer}`);
        await engine.append(document, { epoch, expectedSeq: round, seq: round + 1, data });
      }),
    );
    const winners = outcomes.flatMap(({ status }, writer) => (status === "fulfilled" ? [writer] : []));
    const losers = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    expect({ round, winners: winners.length, losers: new Set(losers) }).toEqual({
      round,
      winners: 1,
      losers: new Set(["fenced"]),
    });
    const { patches } = await first.read(document, { afterSeq: round, limit: 10 });
    expect(patches.map(({ data }) => Buffer.from(data).toString())).toEqual([`round ${round} writer ${winners[0]}`]);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
