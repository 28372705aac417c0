import { compileDocument, type Viewer } from "@tidewire/document";
import { SeededRandom } from "@tidewire/foundation";
import { boardGame, GAME } from "./board-game.ts";

/**
 * CPU of the document engine per action (transaction, redo patch, one delta for each of four players) against
 * `JSON.stringify` of the four views, both in this process, on the same game, in alternating slices.
 */
export function measureEngine(seed: number, actions: number): Record<string, number> {
  const random = new SeededRandom(seed);
  const principals = Array.from({ length: GAME.players }, (_, seat) => ({ agent: `player${seat}`, authority: "dev" }));
  const instance = compileDocument(boardGame).open(
    { space: "bench-game", key: "cpu" },
    { seq: 0, isDeleted: false, patches: [] },
  );
  const created = instance.execute(
    {
      kind: "create",
      principal: principals[0]!,
      arg: JSON.stringify({ players: principals.map(({ agent }) => agent) }),
    },
    0,
  );
  if (created.status !== "done") throw created.error;
  const viewers = new Map<Viewer, object>();
  for (const principal of principals) {
    viewers.set(instance.attach({ id: principal.agent, principal, hashEvery: false, credit: 2 ** 30 }), {});
  }
  instance.takePatch();
  instance.deliver(0, () => {});
  const views = principals.map(
    (principal) => JSON.parse(Buffer.from(instance.view(principal).json).toString()) as object,
  );

  let engineMicros = 0;
  let stringifyMicros = 0;
  let checksum = 0;
  const slice = 50;
  for (let action = 0; action < actions; ) {
    const engineStart = process.cpuUsage();
    for (const end = Math.min(actions, action + slice); action < end; action++) {
      const principal = principals[action % GAME.players]!;
      const arg = JSON.stringify({ site: random.below(GAME.sites), card: random.below(GAME.handSize) });
      const outcome = instance.execute({ kind: "message", principal, message: "act", arg }, action);
      if (outcome.status !== "done") throw outcome.error;
      checksum += instance.takePatch()!.data.length;
      instance.deliver(action, (group, frame) => {
        checksum += group.length * frame.data.length;
      });
    }
    engineMicros += cpuMicrosSince(engineStart);
    const stringifyStart = process.cpuUsage();
    for (let count = 0; count < slice; count++) for (const view of views) checksum += JSON.stringify(view).length;
    stringifyMicros += cpuMicrosSince(stringifyStart);
  }
  if (checksum === 0) throw new Error("nothing was measured");
  return {
    engineCpuRatio: engineMicros / stringifyMicros,
    engineMicrosPerAction: engineMicros / actions,
    stringifyMicrosPerAction: stringifyMicros / actions,
  };
}

function cpuMicrosSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}
