import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { z } from "zod";
import { defineDocument, record, t } from "../src/index.ts";
import { Bench, type FakeClient } from "./bench.ts";

const teams = ["red", "green", "blue"];
const agents = teams.flatMap((team) => [0, 1, 2].map((seat) => `${team}-${seat}`));
const changes = [
  ...["round", "player", "score", "orders", "no orders", "turn", "plan", "draft", "base", "count", "raze"],
  ...["unit", "drill", "lose", "march", "chest"],
];

function teamOf(agent: string): string {
  return agent.split("-")[0]!;
}

/** Nobody else's client may ever be sent it. */
function secretOf(team: string, text: string): string {
  return `<${team}:${text}>`;
}

const Note = record({ text: t.string() });
const Plan = record({ team: t.string(), text: t.string(), draft: Note.optional() }).visibleFields({
  draft: (plan, { principal }) => plan.team === teamOf(principal.agent) && principal.agent.endsWith("0"),
});
const Player = record({
  team: t.string(),
  score: t.int(),
  plan: Plan.optional(),
  orders: t.string().optional(),
}).visibleFields({ orders: (player, viewer) => player.team === teamOf(viewer.principal.agent) });
const owned = { team: t.string(), text: t.string(), count: t.int() };

/** Secrets of teams wherever there can be one: records of a map and of a table, fields, what is beneath them. */
const teamGame = (onPolicy: () => void = () => {}) => {
  const Base = record(owned).visibleTo((base, viewer) => {
    onPolicy();
    return base.team === teamOf(viewer.principal.agent);
  });
  return defineDocument({
    space: "teams",
    createsOnDemand: true,
    state: {
      round: t.int().default(0),
      players: t.map(Player),
      bases: t.map(Base),
      units: t.table(Base),
      chest: t.map(Note).visibleTo((_doc, viewer) => teamOf(viewer.principal.agent) === "red"),
    },
    messages: (message) => ({
      change: message(
        z.strictObject({ what: z.string(), key: z.string(), team: z.string(), text: z.string() }),
        (doc, arg) => {
          const { what, key, team, text } = arg;
          const player = doc.players.get(key);
          const base = doc.bases.get(key);
          const unit = doc.units.first();
          if (what === "round") doc.round += 1;
          if (what === "player") doc.players.set(key, { team, score: 0, orders: secretOf(team, text) });
          if (what === "score" && player !== undefined) player.score += 1;
          if (what === "orders" && player !== undefined) player.orders = secretOf(player.team, text);
          if (what === "no orders" && player !== undefined) player.orders = undefined;
          if (what === "turn" && player !== undefined) {
            player.team = team;
            player.orders = secretOf(team, text);
          }
          if (what === "plan" && player !== undefined) player.plan = Plan.from({ team, text });
          if (what === "draft" && player?.plan !== undefined) {
            player.plan.draft = { text: secretOf(player.plan.team, text) };
          }
          if (what === "base") doc.bases.set(key, { team, text: secretOf(team, text), count: 0 });
          if (what === "count" && base !== undefined) base.count += 1;
          if (what === "raze") doc.bases.delete(key);
          if (what === "unit") doc.units.insert({ team, text: secretOf(team, text), count: 0 });
          if (what === "drill" && unit !== undefined) unit.count += 1;
          if (what === "lose" && doc.units.size > 2) doc.units.delete(unit!.id);
          if (what === "march" && doc.units.size > 1) doc.units.move(unit!.id);
          if (what === "chest") doc.chest.set(key, { text: secretOf("red", text) });
        },
      ),
      both: message(z.string(), (doc, key) => {
        doc.round += 1;
        doc.bases.get(key)!.count += 1;
      }),
    }),
  });
};

function change(bench: Bench, what: string, key: string, team = "red", text = "t"): void {
  expect(bench.send("author", "change", { what, key, team, text }).status).toBe("done");
}

function watched(onPolicy?: () => void): { readonly bench: Bench; readonly clients: FakeClient[] } {
  const bench = new Bench(teamGame(onPolicy));
  change(bench, "round", "");
  return { bench, clients: agents.map((agent) => bench.connect(agent, { hashEvery: false })) };
}

describe("viewers who hold the same of what has changed", () => {
  test("get the same bytes, those who do not get others, and no policy is asked about what none reads", () => {
    let runs = 0;
    const { bench, clients } = watched(() => runs++);
    change(bench, "base", "b1", "green");
    runs = 0;
    bench.send("author", "both", "b1");
    expect(runs).toBe(0);
    const framesOf = (team: string) =>
      new Set(clients.filter(({ agent }) => teamOf(agent) === team).map(({ frames }) => frames.at(-1)!));
    expect(framesOf("green").size).toBe(1);
    expect([...framesOf("red")]).toEqual([...framesOf("blue")]);
    expect(clients[3]!.last).toMatchObject({ round: 2, bases: { b1: { count: 1 } } });
    expect(clients[0]!.last).not.toHaveProperty("bases");
  });

  test("also where others see a part of the same record", () => {
    const { bench, clients } = watched();
    change(bench, "player", "p1", "blue", "before");
    change(bench, "orders", "p1", "", "after");
    const frames = clients.map((client) => client.frames.at(-1)!);
    expect(frames[7]).toBe(frames[6]);
    expect(clients[6]!.last).toMatchObject({ players: { p1: { orders: "<blue:after>" } } });
    expect(clients[0]!.bytes).not.toContain("<blue:");
    change(bench, "score", "p1");
    // Nothing has changed in what is guarded, so who holds it does not matter.
    expect(new Set(clients.map((client) => client.frames.at(-1)!)).size).toBe(1);
    for (const { view } of clients) expect(view["players"]).toMatchObject({ p1: { score: 1 } });
  });

  const histories = Number(process.env["DOCUMENT_HISTORIES"] ?? 60);
  test(`${histories} histories: every client ends with its view and was never sent another team's secret`, () => {
    const first = Number(process.env["DOCUMENT_SEED"] ?? 1);
    for (let seed = first; seed < first + histories; seed++) {
      try {
        runHistory(new SeededRandom(seed));
      } catch (thrown) {
        throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
      }
    }
  });
});

function runHistory(random: SeededRandom): void {
  const { bench, clients } = watched();
  const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!;
  for (let step = 0; step < 60; step++) {
    if (random.below(5) === 0) {
      const { viewer } = pick(clients);
      bench.instance.grant(viewer, random.below(2) === 0 ? -viewer.credit : 100);
    }
    // Several messages make one step of the views.
    for (let count = random.below(4); count >= 0; count--) {
      const arg = { what: pick(changes), key: `k${random.below(3)}`, team: pick(teams), text: `${step}.${count}` };
      bench.instance.execute(
        {
          kind: "message",
          principal: { agent: "author", authority: "dev" },
          message: "change",
          arg: JSON.stringify(arg),
        },
        bench.now,
      );
    }
    bench.flush();
  }
  for (const { viewer } of clients) bench.instance.grant(viewer, 1_000);
  bench.deliver();
  for (const client of clients) {
    const { agent, view, bytes } = client;
    expect([agent, view]).toEqual([agent, bench.get(agent).view]);
    for (const team of teams) if (team !== teamOf(agent)) expect(bytes).not.toContain(`<${team}:`);
  }
}
