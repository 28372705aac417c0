import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { repositoryRoot, System } from "@tidewire/harness";
import type { Browser, Page } from "playwright-core";
import { chromiumPath, launchChromium } from "../src/chromium.ts";
import { applyChange, tutorialBlocks } from "../src/tutorial-page.ts";

const executablePath = chromiumPath();
if (executablePath === undefined) console.log("no Chromium on this machine: the page of the tutorial is not opened");
const withBrowser = executablePath === undefined ? test.skip : test;

const blocks = tutorialBlocks();
const commands = blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => text.trim().split("\n"));
const changes = blocks.filter(({ language }) => language === "diff");
/** Stands for the root of a clone. */
const clone = mkdtempSync(join(tmpdir(), "tidewire-tutorial-"));

/** Saves the next change of the page. */
function change(): void {
  const { file, text } = changes.shift()!;
  writeFileSync(join(clone, file), applyChange(readFileSync(join(clone, file), "utf8"), text));
}

/** Runs the commands of the page that begin like this, as they stand; returns what they print. */
function run(start: string): string {
  const chosen = commands.filter((command) => command.startsWith(start));
  expect(chosen).not.toEqual([]);
  return execFileSync("/bin/sh", ["-ec", chosen.join("\n")], {
    cwd: clone,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

beforeAll(() => {
  symlinkSync(join(repositoryRoot, "node_modules"), join(clone, "node_modules"));
  for (const { language, file, text } of blocks) {
    if (file === "" || language === "diff") continue;
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    writeFileSync(join(clone, file), text);
  }
  // What an editor would show in a clone.
  const settings = {
    extends: join(repositoryRoot, "packages/tooling/tsconfig.base.json"),
    compilerOptions: { lib: ["es2023", "dom"], typeRoots: [join(repositoryRoot, "node_modules/@types")] },
    include: ["high-card"],
  };
  writeFileSync(join(clone, "tsconfig.json"), JSON.stringify(settings));
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

test("every block of the page is used by this test", () => {
  expect(blocks.map(({ language, file }) => [language, file].join(" ").trim())).toEqual([
    "sh",
    "ts high-card/document.ts",
    "ts high-card/document.test.ts",
    "sh",
    "ts high-card/page.ts",
    "html high-card/web/index.html",
    "sh",
    "sh",
    "sh",
    "diff high-card/document.ts",
    "diff high-card/document.ts",
    "diff high-card/document.ts",
    "diff high-card/page.ts",
    "sh",
  ]);
});

/** What the compiler has to say. */
function complaints(): string {
  return spawnSync(join(clone, "node_modules/.bin/tsc"), ["-p", clone], { cwd: clone, encoding: "utf8" }).stdout;
}

test("the code has the types it says", () => {
  expect(complaints()).toBe("");
}, 60_000);

test("the tests of the document pass", () => {
  run("npx esbuild high-card/document.test.ts");
  expect(run("node --test")).toMatch(/# pass 1\n# fail 0/);
}, 60_000);

describe("the system it starts", () => {
  let system: System;
  let browser: Browser;
  const pages: Page[] = [];

  beforeAll(async () => {
    run("npx esbuild high-card/page.ts");
    const args = commands
      .find((command) => command.startsWith("npx tidewire up "))!
      .split(" ")
      .slice(3);
    const absolute = args.map((arg) => (arg.startsWith("--") ? arg : join(clone, arg)));
    system = await System.start({ args: ["--watch", ...absolute] });
    if (executablePath !== undefined) browser = await launchChromium(executablePath);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  }, 60_000);

  interface Shown {
    readonly phase: string;
    readonly round: number;
    readonly leader?: string;
    readonly hand: readonly { readonly id: string; readonly rank: number }[];
    readonly players: Readonly<Record<string, { readonly score?: number; readonly points?: number }>>;
  }
  const get = (agent: string): Shown => {
    const command = commands.find((candidate) => candidate.startsWith("curl "))!;
    const [, bearer, url] = /"authorization: (.*?)" http:\/\/127\.0\.0\.1:8080(\S+)/.exec(command)!;
    const answer = execFileSync(
      "curl",
      ["-sf", "-H", `authorization: ${bearer!.replace("ann", agent)}`, `${system.url}${url}`],
      { encoding: "utf8" },
    );
    return JSON.parse(answer) as Shown;
  };
  /** The text of one line of a window, once it is as wanted. */
  const shows = (page: Page, text: string): Promise<unknown> =>
    page.waitForFunction((wanted) => document.querySelector("main")!.textContent.includes(wanted), text, {
      timeout: 30_000,
    });
  /** Waits until a file of the page was read again. */
  const untilServed = async (path: string, part: string): Promise<void> => {
    const giveUpAt = performance.now() + 30_000;
    while (!(await (await fetch(`${system.url}${path}`)).text()).includes(part)) {
      if (performance.now() > giveUpAt) throw new Error(`${path} was not served anew`);
      await pages[0]!.waitForTimeout(50);
    }
  };
  const playOne = (page: Page): Promise<void> => page.locator("button", { hasText: "play" }).first().click();

  withBrowser(
    "two windows play",
    async () => {
      for (const agent of ["ann", "bob"]) {
        const page = await browser.newPage();
        pages.push(page);
        await page.goto(`${system.url}/?as=${agent}`);
        await page.getByText("sit").click();
        await shows(page, `${agent} 0`);
      }
      await shows(pages[0]!, "bob 0");
      await pages[0]!.getByText("start").click();
      for (const page of pages) await shows(page, "play, round 1");
      for (const page of pages) await playOne(page);
      for (const page of pages) await shows(page, "round 2");
      const [ann, bob] = [get("ann"), get("bob")];
      expect([ann.hand.length, bob.hand.length]).toEqual([2, 2]);
      expect(ann.hand.filter(({ id }) => bob.hand.some((card) => card.id === id))).toEqual([]);
    },
    90_000,
  );

  withBrowser(
    "the changes of the page come to those who play, or are refused as it says",
    async () => {
      expect(await system.eventAfter("reloaded", change)).toMatchObject({ refusal: null, behind: [] });
      expect(["ann", "bob"]).toContain(get("carol").leader);
      const before = get("carol").players;
      const { refusal } = await system.eventAfter("reloaded", change);
      expect(refusal).toMatch(/players.*raise version to 2/);
      expect(await system.eventAfter("reloaded", change)).toMatchObject({ refusal: null, behind: [] });
      const pointsOf = (players: Shown["players"]): (number | undefined)[] =>
        ["ann", "bob"].map((agent) => players[agent]!.score ?? players[agent]!.points);
      expect(pointsOf(get("carol").players)).toEqual(pointsOf(before));
      change();
      expect(complaints()).toBe("");
      run("npx esbuild high-card/page.ts");
      await untilServed("/page.js", "player.points");
      for (const page of pages) await page.reload();
      for (const page of pages) await shows(page, `ann ${before["ann"]!.score}`);
    },
    90_000,
  );

  withBrowser(
    "kill -9 of both hosts: the game goes on to its end",
    async () => {
      await Promise.all(system.hostNames.map((host) => system.kill(host)));
      // The clock of the game plays for windows that are too slow: on a busy machine any of these clicks may come too late.
      while (get("ann").phase !== "over") {
        for (const page of pages) {
          await page.evaluate(() => {
            for (const button of document.querySelectorAll("button"))
              if (button.textContent.startsWith("play ")) button.click();
          });
        }
        await pages[0]!.waitForTimeout(200);
      }
      for (const page of pages) await shows(page, "over, round 3");
      const { players } = get("ann");
      expect(players["ann"]!.points! + players["bob"]!.points!).toBe(3);
    },
    120_000,
  );
});
