import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { System } from "@tidewire/harness";
import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, judge, mediansOf, notYet } from "../benchmark.ts";
import { builtFile } from "../shared/built-file.ts";
import { GAME } from "./board-game.ts";
import { headerBytes, type PlayedGame, playGame } from "./play-game.ts";

const ACTIONS = 802;
/** Games per round of the engine alone: one is over in a few hundredths of a second. */
const ENGINE_GAMES = 5;
/** Beyond this a TCP segment on Ethernet needs a second packet. */
const SEGMENT_BYTES = 1_460;

/** The 802 actions: what deltas save, on the wire and on disk. */
export const gameBenchmark: Benchmark = {
  name: "game",
  description: "a seeded four-player board game of 802 actions through the real processes",
  defaultRounds: 3,
  shortRounds: 1,
  run,
};

async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const settings = { actions: ACTIONS, ...GAME, hosts: 1, link: "binary", transport: "WebSocket, tidewire.v1.json" };
  const rounds: Record<string, number>[] = [];
  options.progress("the engine alone");
  const engine = await engineRounds(options.rounds);
  const system = await System.start({ hosts: 1, args: ["--documents", builtFile("bench-documents.js")] });
  try {
    for (let round = 0; round < options.rounds; round++) {
      options.progress(`game ${round + 1} of ${options.rounds}`);
      rounds.push({ ...figures(await playGame(system, round + 1, ACTIONS)), ...engine[round]! });
    }
  } finally {
    await system.stop();
  }
  const summary = mediansOf(rounds);
  const perUpdate = "compact, against @colyseus/schema in the same run";
  const missing = "the compact encoding is not there yet";
  return {
    settings,
    rounds,
    summary,
    targets: [
      judge("game.client", "poll-and-fetch bytes / delta bytes, JSON", summary["clientRatio"]!, ">= 20.5"),
      notYet("game.client.compact", "poll-and-fetch bytes / delta bytes, compact", ">= 58", missing),
      judge("game.storage", "whole-document writes / bytes in the log", summary["storageRatio"]!, ">= 58"),
      judge("game.frame", "share of updates within 1,460 B", summary["frameShare"]!, ">= 0.99"),
      judge("game.update", "bytes per update and viewer, JSON", summary["updateBytes"]!, "<= 370"),
      notYet("game.update.compact", `bytes per update and viewer, ${perUpdate}`, "<= 0.90", missing),
      notYet("game.join", "first snapshot, compact / JSON", "<= 0.5", missing),
      judge(
        "game.cpu",
        "engine CPU per action, all viewers / JSON.stringify of each view",
        summary["engineCpuRatio"]!,
        "<= 0.25",
      ),
    ],
  };
}

/** In a process of its own: what the clients of the game leave behind in theirs is no cost of the engine. */
async function engineRounds(rounds: number): Promise<readonly Record<string, number>[]> {
  const flags = ["--rounds", String(rounds), "--actions", String(ACTIONS * ENGINE_GAMES)];
  const { stdout } = await promisify(execFile)(process.execPath, [builtFile("engine-process.js"), ...flags]);
  return JSON.parse(stdout) as Record<string, number>[];
}

function figures(game: PlayedGame): Record<string, number> {
  const payload = [...game.updateBytes, ...game.hashBytes].reduce((sum, bytes) => sum + bytes, 0);
  const onSocket = game.updateBytes.map((bytes) => bytes + headerBytes(bytes));
  return {
    clientRatio: game.pollBytes / payload,
    pollBytes: game.pollBytes,
    deltaBytes: payload,
    storageRatio: game.wholeDocumentBytes / game.loggedBytes,
    wholeDocumentBytes: game.wholeDocumentBytes / game.actions,
    loggedBytes: game.loggedBytes,
    frameShare: onSocket.filter((bytes) => bytes <= SEGMENT_BYTES).length / onSocket.length,
    updateBytes: onSocket.reduce((sum, bytes) => sum + bytes, 0) / onSocket.length,
    joinBytes: game.joinBytes.reduce((sum, bytes) => sum + bytes, 0) / game.joinBytes.length,
    hostCpuMicrosPerAction: (game.hostCpuSeconds / game.actions) * 1e6,
  };
}
