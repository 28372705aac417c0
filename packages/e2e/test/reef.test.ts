import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RawClient, System } from "@tidewire/harness";
import type { Browser } from "playwright-core";
import { chromiumPath, launchChromium } from "../src/chromium.ts";
import { ReefPlayer } from "../src/reef-player.ts";

const executablePath = chromiumPath();
if (executablePath === undefined) console.log("no Chromium on this machine: the browser tests are skipped");
const withBrowser = executablePath === undefined ? describe.skip : describe;

/** What GET returns of a game, as far as these tests look at it. */
interface ReefState {
  readonly phase: string;
  readonly players: readonly { readonly name: string; readonly score: number }[];
  readonly board: readonly { readonly x: number; readonly y: number; readonly by?: string }[];
  readonly inBag: number;
  readonly hand: readonly unknown[];
}

withBrowser("four windows play Reef", () => {
  let system: System;
  let browser: Browser;
  const players: ReefPlayer[] = [];
  let key: string;
  let placements = 0;

  beforeAll(async () => {
    system = await System.start({ hosts: 2 });
    browser = await launchChromium(executablePath!);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  }, 60_000);

  async function get(agent = "spectator"): Promise<ReefState> {
    const headers = { authorization: `Bearer dev:${agent}` };
    const response = await fetch(`${system.url}/v1/documents/reef/${key}`, { headers });
    expect(response.status).toBe(200);
    return (await response.json()) as ReefState;
  }

  /** Plays until the game is over; `between` runs once, after so many turns. */
  async function playToTheEnd(afterTurns: number, between: () => Promise<void>): Promise<number> {
    let turns = 0;
    const giveUpAt = performance.now() + 150_000;
    for (;;) {
      if (performance.now() > giveUpAt) throw new Error(`no end after ${turns} turns`);
      if ((await players[0]!.phase()) === "over") return turns;
      const flags = await Promise.all(players.map((player) => player.isMyTurn()));
      const seat = flags.indexOf(true);
      if (seat < 0) {
        await players[0]!.page.waitForTimeout(10);
        continue;
      }
      const player = players[seat]!;
      if ((await player.takeTurn()) === "placed") placements++;
      turns++;
      if (turns === afterTurns) await between();
      // The turn has passed on, in this window too.
      await player.page.waitForSelector('main[data-my-turn="false"], main[data-phase="over"]', { timeout: 60_000 });
    }
  }

  /** Every window shows what GET returns. */
  async function expectConvergence(): Promise<void> {
    const state = await get();
    const cells = state.board.map((tile) => `${tile.x},${tile.y}`).sort((a, b) => (a < b ? -1 : 1));
    const scores = state.players.map((player) => String(player.score));
    for (const { page } of players) {
      await page.waitForFunction(
        ([wantedCells, wantedScores]) => {
          const shown = [...document.querySelectorAll(".cell.tile")]
            .map((cell) => cell.getAttribute("data-cell") ?? "")
            .sort((a, b) => (a < b ? -1 : 1));
          const points = [...document.querySelectorAll("[data-score]")].map((cell) => cell.textContent);
          return shown.join(" ") === wantedCells!.join(" ") && points.join(" ") === wantedScores!.join(" ");
        },
        [cells, scores],
        { timeout: 30_000 },
      );
    }
  }

  test("they meet by a link", async () => {
    const first = await ReefPlayer.open(browser, "Ada", system.url);
    players.push(first);
    await first.page.click("[data-action=new-game]");
    await first.page.waitForURL(/#\/g\//);
    await first.sit();
    key = /#\/g\/(.+)$/.exec(first.page.url())![1]!;
    for (const name of ["Ben", "Cleo", "Dan"]) {
      const player = await ReefPlayer.open(browser, name, first.page.url());
      players.push(player);
      await player.sit();
    }
    await first.page.click("[data-action=start]");
    for (const player of players) await player.page.waitForSelector("[data-phase=play]");
  }, 60_000);

  test("a scripted game comes to its end, while illegal input gets its errors", async () => {
    await playToTheEnd(6, async () => {
      const intruder = await RawClient.as(system.socketUrl, "intruder");
      const stream = await intruder.connect("reef", key);
      const move = { connection: stream, message: "place", arg: { tile: "1", x: 0, y: 0 } };
      await expect(intruder.call("connection/send", move)).rejects.toMatchObject({
        code: "rejected",
        details: { code: "not_seated" },
      });
      await expect(
        intruder.call("connection/send", { ...move, arg: { tile: "1", x: 0, y: 0, cheat: true } }),
      ).rejects.toMatchObject({
        code: "invalid_argument",
      });
      intruder.sendText(
        `{"id":77,"method":"connection/send","connection":${stream},"message":"place","arg":{"__proto__":{"tile":"1"}}}`,
      );
      expect((await intruder.answer(77)).error).toMatchObject({ code: "invalid_argument" });
      intruder.sendText(`{"id":78,"method":"connection/send","connection":${stream},"message":"__proto__","arg":{}}`);
      expect((await intruder.answer(78)).error).toMatchObject({ code: "not_found" });
      await expect(intruder.call("no/such/method")).rejects.toMatchObject({
        code: expect.stringMatching(/unsupported|invalid_argument/),
      });
      intruder.sendText("x".repeat(10 * 2 ** 20));
      expect((await intruder.untilClosed()).code).toBe(1009);
      expect(JSON.stringify(intruder.raw)).not.toContain('"grain"');
    });
    expect(placements).toBeGreaterThan(10);
    expect((await get()).phase).toBe("over");
    await expectConvergence();
    const best = Math.max(...(await get()).players.map((player) => player.score));
    expect(await players[2]!.page.textContent("[data-result]")).toContain(
      (await get()).players.find((player) => player.score === best)!.name,
    );
  }, 200_000);

  test("kill -9 of the document's host, then of log storage: play resumes by itself, no move is lost or doubled", async () => {
    placements = 0;
    await players[0]!.page.click("[data-action=again]");
    for (const player of players) await player.page.waitForSelector("[data-phase=play]");
    await playToTheEnd(5, async () => {
      for (const host of system.hostNames) await system.kill(host);
      await system.kill("log-storage-1");
    });
    const state = await get();
    // One tile lies there from the start; every other one is a placement of a window, once.
    expect(state.board.filter((tile) => tile.by !== undefined)).toHaveLength(placements);
    await expectConvergence();
  }, 240_000);

  test("no window was ever sent a tile of another one's hand", async () => {
    const grains = players.map((player) => player.grains());
    for (const [owner, secrets] of grains.entries()) {
      expect(secrets.size).toBeGreaterThan(5);
      for (const [other, player] of players.entries()) {
        if (other === owner) continue;
        const foreign = [...secrets].filter((secret) => !grains[other]!.has(secret));
        const frames = player.received.join("\n");
        expect(foreign.filter((secret) => frames.includes(secret))).toEqual([]);
      }
    }
    // A tile can only be in two hands if it went back into the bag, and then it gets a new grain.
    const all = grains.flatMap((secrets) => [...secrets]);
    expect(new Set(all).size).toBe(all.length);
    expect((await get()).hand).toEqual([]);
    expect(system.logs()).not.toContain(all[0]);
  });

  test("the pages had no error of their own", () => {
    for (const player of players) expect(player.problems).toEqual([]);
  });
});
