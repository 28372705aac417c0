import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bundleScript } from "@tidewire/tooling/bundle-script";

/** Wall time, as in `guard.test.ts`. */
const budgetMs = 400;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidewire-guard-"));
  bundleScript(new URL("support/guarded-process.ts", import.meta.url), join(folder, "guarded-process.mjs"));
  // The script of the guard's thread, which it looks for beside itself.
  bundleScript(new URL("../src/guard-watch.ts", import.meta.url), join(folder, "guard-watch.mjs"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The lines that the scene says (`support/guarded-process.ts`), each also told as it comes. */
async function play(
  scene: string,
  options: { readonly budgetMs?: number; readonly onLine?: (line: string, pid: number) => void } = {},
): Promise<string[]> {
  const args = [join(folder, "guarded-process.mjs"), scene, String(options.budgetMs ?? budgetMs)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    options.onLine?.(line, child.pid!);
  }
  // By itself: the guard's thread keeps no process.
  expect([scene, await ended]).toEqual([scene, 0]);
  return lines;
}

test("gives back what the work gives and throws what it throws, also what looks like a cut", async () => {
  expect(await play("results")).toEqual([
    "gave 5",
    "gave undefined",
    "threw TypeError: mine",
    "threw Error: no",
    "gave 8",
    "end",
  ]);
});

test("stops what does not return, again and again", async () => {
  const names = ["loop", "catching", "expression", "sort"];
  expect(await play("endless")).toEqual([...names.flatMap((name) => [`${name} cut`, "gave 1"]), "nested cut", "end"]);
});

test("a cut that meets the end of its work never strikes the work after it", async () => {
  expect(await play("edge", { budgetMs: 80 })).toEqual(["others cut 0", "some cut", "end"]);
});

test("a signal from outside reaches its listeners, and the guard goes on", async () => {
  expect(await play("idleSignal")).toEqual(["listener SIGINT", "cut", "listener SIGINT", "gave 1", "end"]);
  expect(await play("busySignal")).toEqual(["cut", "listener SIGINT", "cut", "end"]);
});

test("without its thread it guards as before, and the signal is the process's again", async () => {
  expect(await play("closed")).toEqual(["cut", "listener SIGINT", "end"]);
  expect(await play("listenerAdded")).toEqual(["cut", "listener SIGINT", "new listener", "gave 1", "end"]);
});

test("a cut whose signal does not come is waited for no longer than a second, and not relied on again", async () => {
  const lost = "lost: the signal that cuts off a call did not come";
  expect(await play("signalTaken")).toEqual(["cut", "gave 1", "cut", lost, "cut", "end"]);
});

test("a process that was frozen has not run for too long", async () => {
  const lines = await play("frozen", {
    budgetMs: 1_000,
    onLine: (line, pid) => {
      if (line !== "freeze me") return;
      process.kill(pid, "SIGSTOP");
      void sleep(1_500).then(() => process.kill(pid, "SIGCONT"));
    },
  });
  expect(lines).toEqual(["freeze me", "gave undefined", "end"]);
});
