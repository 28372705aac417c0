import type { Browser, BrowserContext, Page } from "playwright-core";

/** One person at the demo: a browser window of its own, every socket frame it got, and a way to play. */
export class ReefPlayer {
  readonly name: string;
  readonly page: Page;
  /** Raw text of every frame the window received. */
  readonly received: string[] = [];
  readonly problems: string[] = [];
  readonly #context: BrowserContext;

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.#context = context;
    this.page = page;
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => this.received.push(payload.toString())),
    );
    page.on("pageerror", (error) => this.problems.push(String(error)));
    page.on("console", (entry) => {
      if (entry.type() === "error") this.problems.push(entry.text());
    });
  }

  static async open(browser: Browser, name: string, url: string): Promise<ReefPlayer> {
    const context = await browser.newContext({ viewport: { width: 1100, height: 860 } });
    const player = new ReefPlayer(name, context, await context.newPage());
    await player.page.goto(url);
    return player;
  }

  async sit(): Promise<void> {
    await this.page.fill("input[name=name]", this.name);
    await this.page.click("[data-action=sit]");
    await this.page.waitForSelector("[data-action=start]");
  }

  async phase(): Promise<string | null> {
    return await this.page.getAttribute("main", "data-phase");
  }

  async isMyTurn(): Promise<boolean> {
    return (await this.page.getAttribute("main", "data-my-turn")) === "true";
  }

  /** One turn through the page alone: the first tile that fits anywhere, else a swap, else a pass. */
  async takeTurn(): Promise<"placed" | "swapped" | "passed"> {
    const tiles = this.page.locator("[data-tile]");
    for (let index = 0; index < (await tiles.count()); index++) {
      await tiles.nth(index).click();
      const legal = this.page.locator("[data-legal]");
      if ((await legal.count()) > 0) {
        await legal.first().click();
        return "placed";
      }
    }
    const swap = this.page.locator("[data-action=swap]");
    if (await swap.isEnabled()) {
      await swap.click();
      return "swapped";
    }
    await this.page.click("[data-action=pass]");
    return "passed";
  }

  /** Secrets of the tiles this window was ever shown, from its own frames. */
  grains(): Set<string> {
    return new Set(
      this.received.flatMap((frame) => [...frame.matchAll(/"grain":"([^"]+)"/g)].map((match) => match[1]!)),
    );
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
