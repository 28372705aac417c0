import type { RuntimeCase } from "./case-figures.ts";
import { different } from "./cases/different.ts";
import { flat } from "./cases/flat.ts";
import { guard } from "./cases/guard.ts";
import { lag } from "./cases/lag.ts";
import { memory } from "./cases/memory.ts";
import { naive } from "./cases/naive.ts";
import { oneClass } from "./cases/one-class.ts";
import { peer, peerViews } from "./cases/peer.ts";
import { rollback } from "./cases/rollback.ts";

/** Each runs in a process of its own, so that none meets code that V8 compiled for another. */
export const runtimeCases = {
  flat,
  class: oneClass,
  different,
  naive: naive("naive", false),
  naiveLogged: naive("naive.logged", true),
  peer: peer("peer", false),
  peerLogged: peer("peer.logged", true),
  peerViews100: peerViews(100),
  peerViews1000: peerViews(1_000),
  rollback,
  lag,
  memory,
  guard: guard("guard"),
  guardOneCore: guard("guard.oneCore"),
} as const satisfies Readonly<Record<string, RuntimeCase>>;

/** On one core, as a host is when the others have work of their own: those that start a thread for each turn. */
export const pinnedCases: ReadonlySet<string> = new Set(["guardOneCore"]);

export type CaseName = keyof typeof runtimeCases;
export const caseNames = Object.keys(runtimeCases) as CaseName[];
