/** A process of its own, because the guard takes SIGINT: runs what the test names, and says what came of it, line by line. */
import { setTimeout as sleep } from "node:timers/promises";
import { RunawayError } from "../../src/guard-node.ts";
import { StandingGuard } from "../../src/standing-guard.ts";

function say(what: string): void {
  process.stdout.write(`${what}\n`);
}

process.on("SIGINT", (signal) => say(`listener ${signal}`));
const guard = await StandingGuard.open(new URL("./guard-watch.mjs", import.meta.url), {
  budgetMs: Number(process.argv[3]),
  onLost: (cause) => say(`lost: ${(cause as Error).message}`),
});

function outcomeOf(work: () => unknown): string {
  try {
    return `gave ${String(guard.run(work))}`;
  } catch (thrown) {
    return thrown instanceof RunawayError ? "cut" : `threw ${String(thrown)}`;
  }
}

function spinFor(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const endless: Readonly<Record<string, () => unknown>> = {
  loop: () => {
    for (;;);
  },
  catching: () => {
    for (;;) {
      try {
        for (;;);
      } catch {
        // goes on
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- as stubborn as code can be
        continue;
      }
    }
  },
  expression: () => /^(a+)+$/.test(`${"a".repeat(60)}b`),
  sort: () => Array.from({ length: 1e6 }, (_, index) => index).sort(() => (spinFor(1), 1)),
};

const scenes: Readonly<Record<string, () => Promise<void> | void>> = {
  results: () => {
    say(outcomeOf(() => 5));
    say(outcomeOf(() => undefined));
    say(
      outcomeOf(() => {
        throw new TypeError("mine");
      }),
    );
    // What looks like a cut is none.
    say(
      outcomeOf(() => {
        throw Object.assign(new Error("no"), { code: "ERR_SCRIPT_EXECUTION_INTERRUPTED" });
      }),
    );
    say(outcomeOf(() => guard.run(() => 8)));
  },
  endless: () => {
    for (const [name, work] of Object.entries(endless)) {
      say(`${name} ${outcomeOf(work)}`);
      say(outcomeOf(() => 1));
    }
    say(`nested ${outcomeOf(() => guard.run(endless["loop"]!))}`);
  },
  // Around the budget, where the end of the work and the cut meet: whatever is cut, it is never somebody else.
  edge: () => {
    const budgetMs = Number(process.argv[3]);
    let cuts = 0;
    let others = 0;
    for (let call = 0; call < 60; call++) {
      if (outcomeOf(() => spinFor(budgetMs + (call % 10) * (budgetMs / 40))) === "cut") cuts++;
      if (outcomeOf(() => 1) !== "gave 1") others++;
    }
    say(`others cut ${others}`);
    say(cuts > 0 ? "some cut" : "none cut");
  },
  idleSignal: async () => {
    process.kill(process.pid, "SIGINT");
    await sleep(300);
    say(outcomeOf(endless["loop"]!));
    process.kill(process.pid, "SIGINT");
    await sleep(300);
    say(outcomeOf(() => 1));
  },
  busySignal: async () => {
    say(
      outcomeOf(() => {
        process.kill(process.pid, "SIGINT");
        spinFor(5_000);
      }),
    );
    await sleep(300);
    say(outcomeOf(endless["loop"]!));
  },
  listenerAdded: async () => {
    process.on("SIGINT", () => say("new listener"));
    await sleep(300);
    say(outcomeOf(endless["loop"]!));
    process.kill(process.pid, "SIGINT");
    await sleep(100);
    say(outcomeOf(() => 1));
  },
  // Whoever listens for the signal in the middle of a call has it at once, so the cut never comes.
  signalTaken: async () => {
    const budgetMs = Number(process.argv[3]);
    const taking = (): void => {
      process.on("SIGINT", () => say("new listener"));
      spinFor(2 * budgetMs);
    };
    say(outcomeOf(taking));
    say(outcomeOf(() => 1));
    say(outcomeOf(endless["loop"]!));
    await sleep(300);
    say(outcomeOf(endless["loop"]!));
  },
  closed: async () => {
    await guard.close();
    say(outcomeOf(endless["loop"]!));
    process.kill(process.pid, "SIGINT");
    await sleep(100);
  },
  // A frozen process has not run for too long when it goes on.
  frozen: () => {
    say("freeze me");
    say(outcomeOf(() => spinFor(Number(process.argv[3]) / 2)));
  },
};

await scenes[process.argv[2]!]!();
say("end");
