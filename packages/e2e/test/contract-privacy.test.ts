import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ConformanceView, RawClient, System } from "@tidewire/harness";

/** One seed a run by default; `E2E_SEED` repeats a failure, `E2E_STEPS` plays longer. */
const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
const steps = Number(process.env["E2E_STEPS"] ?? 160);
const agents = ["ann", "ben", "cat"] as const;
type Agent = (typeof agents)[number];

/** A card as the one who deals knows it. */
interface Card {
  holder: string;
  face: string | undefined;
  readonly isSecret: boolean;
  isRevealed: boolean;
}

/** The table by the rules of PROTOCOL.md, and everything each agent was ever allowed to see. */
class Table {
  readonly cards = new Map<string, Card>();
  readonly shown = new Map<Agent, Set<string>>(agents.map((agent) => [agent, new Set<string>()]));
  nextId = 1;

  isVisible(card: Card, agent: Agent): boolean {
    return !card.isSecret || card.isRevealed || card.holder === agent;
  }

  /** After every change. */
  note(): void {
    for (const [id, card] of this.cards) {
      for (const agent of agents) {
        if (!this.isVisible(card, agent)) continue;
        this.shown.get(agent)!.add(`card ${id}`);
        if (card.face !== undefined && (card.isRevealed || card.holder === agent))
          this.shown.get(agent)!.add(card.face);
      }
    }
  }
}

/** One connection after another of one agent: it leaves, comes back with what it held or with a lie. */
class Watcher {
  readonly agent: Agent;
  readonly key: string;
  readonly raw: string[] = [];
  client!: RawClient;
  id = 0;

  constructor(agent: Agent, key: string) {
    this.agent = agent;
    this.key = key;
  }

  async connect(more: Record<string, unknown> = {}, held?: ReturnType<RawClient["replica"]>): Promise<void> {
    this.client = await RawClient.as(system.socketUrl, this.agent);
    this.id = await this.client.connect("conformance", this.key, more, held);
  }

  async comeBack(lie: number | undefined): Promise<void> {
    const held = this.client.replica(this.id);
    await this.leave();
    const seq = held.seq + (lie ?? 0);
    await this.connect({ resume: { seq, hash: lie === 1 ? "0123456789abcdef" : held.hash() } }, held);
  }

  async leave(): Promise<void> {
    expect(this.client.mismatches).toEqual([]);
    expect(this.client.frames.filter((frame) => frame.end !== undefined)).toEqual([]);
    this.raw.push(...this.client.raw);
    await this.client.close();
  }
}

let system: System;

beforeAll(async () => {
  system = await System.start({ hosts: 2, logLevel: "debug" });
}, 90_000);
afterAll(async () => {
  await system.stop();
}, 60_000);

function randomOf(from: number): (below: number) => number {
  let state = from * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

async function send(agent: Agent, key: string, message: string, arg: unknown, marker: string): Promise<unknown> {
  for (;;) {
    const response = await fetch(`${system.url}/v1/documents/conformance/${key}/messages/${message}`, {
      method: "POST",
      headers: { Authorization: `Bearer dev:${agent}`, "Idempotency-Key": marker },
      body: JSON.stringify(arg),
    });
    const body = (await response.json()) as { value?: unknown; error?: { code: string; retryable: boolean } };
    if (body.error === undefined) return body.value;
    if (!body.error.retryable) return body.error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** One random message, and what it does to the table. */
async function play(table: Table, key: string, step: number, random: (below: number) => number): Promise<void> {
  const agent = agents[random(agents.length)]!;
  const holder = agents[random(agents.length)]!;
  const id = String(1 + random(table.nextId));
  const card = table.cards.get(id);
  const marker = `step-${step}`;
  const kind = random(10);
  if (kind < 3 || table.cards.size === 0) {
    const face = `face-${seed}-${step}-end`;
    const isSecret = random(2) === 0;
    await send(agent, key, "deal", { holder, rank: random(5), face, secret: isSecret }, marker);
    table.cards.set(String(table.nextId++), { holder, face, isSecret, isRevealed: false });
    return;
  }
  const message = ["take", "reveal", "conceal", "drop", "move", "redeal", "reveal"][kind - 3]!;
  const arg = message === "redeal" ? { id, holder, rank: 7 } : { id };
  const outcome = await send(agent, key, message, arg, marker);
  if (card === undefined || !table.isVisible(card, agent)) {
    expect(outcome).toMatchObject({ code: "rejected", details: { code: "no_such_card" } });
    return;
  }
  if (message === "take") Object.assign(card, { holder: agent, isRevealed: false });
  if (message === "reveal") card.isRevealed = true;
  if (message === "conceal") card.isRevealed = false;
  if (message === "drop") table.cards.delete(id);
  if (message === "redeal") {
    table.cards.delete(id);
    table.cards.set(id, { holder, face: undefined, isSecret: card.isSecret, isRevealed: false });
  }
}

/** Everything that looks like a card or a face in what was received. */
function seenIn(raw: readonly string[]): Set<string> {
  const seen = new Set<string>();
  for (const text of raw) {
    for (const [face] of text.matchAll(/face-\d+-\d+-end/g)) seen.add(face);
    const frame = JSON.parse(text) as Record<"snapshot" | "delta", Record<string, object> | undefined>;
    const view = frame.snapshot ?? frame.delta;
    for (const id of Object.keys(view?.["cards"] ?? {})) if (!id.startsWith("@")) seen.add(`card ${id}`);
    for (const id of Object.keys(view?.["hand"] ?? {})) if (!id.startsWith("@")) seen.add(`card ${id}`);
  }
  return seen;
}

describe("nobody gets what they may not see", () => {
  test(`whatever is played, whoever leaves, lies about what they hold, or loses their host (seed ${seed})`, async () => {
    const random = randomOf(seed);
    const key = `privacy-${seed}`;
    const table = new Table();
    const watchers = agents.flatMap((agent) => [new Watcher(agent, key), new Watcher(agent, key)]);
    for (const watcher of watchers) await watcher.connect();
    for (let step = 0; step < steps; step++) {
      await play(table, key, step, random);
      table.note();
      if (random(6) === 0)
        await watchers[random(watchers.length)]!.comeBack([undefined, 0, 1, 2, -1, 1_000][random(6)]);
      if (step === Math.floor(steps / 2)) for (const name of system.hostNames) await system.kill(name);
    }
    await expectTheTruth(watchers, table);
    for (const watcher of watchers) {
      await watcher.leave();
      const allowed = table.shown.get(watcher.agent)!;
      expect([...seenIn(watcher.raw)].filter((thing) => !allowed.has(thing))).toEqual([]);
    }
    const metrics = await Promise.all(
      system.hostNames.map((name) => fetch(`http://${system.process(name).admin}/metrics`)),
    );
    for (const response of metrics) expect(await response.text()).not.toContain(`face-${seed}`);
    expect(system.logs()).not.toContain(`face-${seed}`);
  }, 120_000);
});

async function expectTheTruth(watchers: readonly Watcher[], table: Table): Promise<void> {
  for (const { client, id, agent, key } of watchers) {
    const truth = await client.call("document/get", { space: "conformance", key });
    await client.until(() => (client.replica(id).hash() === truth["hash"] ? true : undefined));
    const { cards, mine } = client.view<ConformanceView>(id);
    const visible = [...table.cards].filter(([, card]) => table.isVisible(card, agent));
    expect(cards.map((card) => card.id).sort()).toEqual(visible.map(([card]) => card).sort());
    expect(mine).toBe([...table.cards.values()].filter((card) => card.holder === agent).length);
    for (const card of cards) {
      const { face, holder, isRevealed } = table.cards.get(card.id)!;
      expect(card.face).toBe(isRevealed || holder === agent ? face : undefined);
    }
  }
}
