/** What the guard's thread runs: a file of its own in every bundle that opens a `StandingGuard`. */
import { createContext, Script } from "node:vm";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type GuardWatchData, guardPhase as phase, guardWords as word } from "./guard-words.ts";

const { words, pollMs, pollsMax } = workerData as GuardWatchData;
const main = parentPort as MessagePort;

let turn = -1;
let polls = 0;

/** Sleeps a while, then cuts the turn that is still the one of `pollsMax` polls ago. Time that nobody ran is no poll. */
function poll(): void {
  Atomics.wait(words, word.sleep, 0, pollMs);
  const now = Atomics.load(words, word.turn);
  if (now !== turn || Atomics.load(words, word.phase) !== phase.running) {
    turn = now;
    polls = 0;
  } else if (++polls >= pollsMax) {
    polls = 0;
    if (move(phase.running, phase.cutting)) process.kill(process.pid, "SIGINT");
  }
}

function move(from: number, to: number): boolean {
  return Atomics.compareExchange(words, word.phase, from, to) === from;
}

/** The hold of the signal, and of the thread of Node's that waits for it, which turns then find there. */
const script = new Script("hold()");
const context = createContext({
  hold: () => {
    if (!move(phase.away, phase.idle)) return;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread of Node, not a window
    main.postMessage("held");
    for (;;) poll();
  },
});

while (Atomics.load(words, word.phase) !== phase.closed) {
  // Of several holds the newest gets the signal. So the turn's must not be there yet.
  while (!move(phase.idle, phase.away) && Atomics.load(words, word.phase) < phase.away) poll();
  try {
    script.runInContext(context, { breakOnSigint: true });
  } catch {
    // It was meant for the turn, which was not inside of its hold yet; or nobody had a turn, and it came from outside.
    if (move(phase.cutting, phase.running)) continue;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- as above
    main.postMessage("interrupted");
  }
}
