import { compileDocument, type DocumentRuntime } from "@tidewire/document";
import { SeededRandom } from "@tidewire/foundation";
import { boardGame, GAME } from "./board-game.ts";

/** Actions played unmeasured: V8 compiles the engine's hot paths only after some thousand of them. */
const WARM_UP_ACTIONS = 10_000;
/** Both sides alternate in slices of this many actions, so that a drifting clock speed meets both. */
const SLICE_ACTIONS = 50;

/**
 * CPU of the document engine per action (transaction, redo patch, one delta for each of four players) against
 * `JSON.stringify` of the four views, both in this process, on the same game, in alternating slices. The first game of a
 * process is measured too, as `coldEngineMicrosPerAction`: nothing is compiled then.
 */
export class EngineCost {
  /** One for all rounds, as in a host: compiling again would make new classes, and V8 would begin anew. */
  readonly #runtime = compileDocument(boardGame);
  readonly #coldMicrosPerAction: number;

  constructor() {
    const cold = this.#play(0, 802);
    this.#coldMicrosPerAction = cold.engineMicros / 802;
    this.#play(0, WARM_UP_ACTIONS);
  }

  measure(seed: number, actions: number): Record<string, number> {
    const { engineMicros, stringifyMicros } = this.#play(seed, actions);
    return {
      engineCpuRatio: engineMicros / stringifyMicros,
      engineMicrosPerAction: engineMicros / actions,
      stringifyMicrosPerAction: stringifyMicros / actions,
      coldEngineMicrosPerAction: this.#coldMicrosPerAction,
    };
  }

  #play(seed: number, actions: number): { readonly engineMicros: number; readonly stringifyMicros: number } {
    const random = new SeededRandom(seed);
    const game = openGame(this.#runtime);
    let engineMicros = 0;
    let stringifyMicros = 0;
    let checksum = 0;
    for (let action = 0; action < actions; ) {
      const begin = action;
      const engineStart = process.cpuUsage();
      for (const end = Math.min(actions, begin + SLICE_ACTIONS); action < end; action++) {
        const principal = game.principals[action % GAME.players]!;
        const arg = JSON.stringify({ site: random.below(GAME.sites), card: random.below(GAME.handSize) });
        const outcome = game.instance.execute({ kind: "message", principal, message: "act", arg }, action);
        if (outcome.status !== "done") throw outcome.error;
        checksum += game.instance.takePatch()!.data.length;
        game.instance.deliver(action, (group, frame) => {
          checksum += group.length * frame.data.length;
        });
      }
      engineMicros += cpuMicrosSince(engineStart);
      const stringifyStart = process.cpuUsage();
      for (let count = begin; count < action; count++) {
        for (const view of game.views) checksum += JSON.stringify(view).length;
      }
      stringifyMicros += cpuMicrosSince(stringifyStart);
    }
    if (checksum === 0) throw new Error("nothing was measured");
    return { engineMicros, stringifyMicros };
  }
}

/** A fresh game with its four players watching. */
function openGame(runtime: DocumentRuntime) {
  const principals = Array.from({ length: GAME.players }, (_, seat) => ({ agent: `player${seat}`, authority: "dev" }));
  const instance = runtime.open({ space: "bench-game", key: "cpu" }, { seq: 0, isDeleted: false, patches: [] });
  const arg = JSON.stringify({ players: principals.map(({ agent }) => agent) });
  const created = instance.execute({ kind: "create", principal: principals[0]!, arg }, 0);
  if (created.status !== "done") throw created.error;
  for (const principal of principals) {
    instance.attach({ id: principal.agent, principal, hashEvery: false, credit: 2 ** 30 });
  }
  instance.takePatch();
  instance.deliver(0, () => {});
  const views = principals.map(
    (principal) => JSON.parse(Buffer.from(instance.view(principal).json).toString()) as object,
  );
  return { principals, instance, views };
}

function cpuMicrosSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}
