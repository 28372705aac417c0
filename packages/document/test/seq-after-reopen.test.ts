import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { conformanceDocument, defineDocument, message, record, t } from "../src/index.ts";
import { Bench, messageOf } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers and views are handed in by each test

type Step = readonly [agent: string, message: string, arg: object];

const deal = (holder: string, rest: object = {}): object => ({ holder, rank: 1, face: "F", ...rest });

/** Two cards of bob, two secret ones of alice. */
function table(): Bench {
  const bench = new Bench(conformanceDocument);
  for (const holder of ["bob", "bob"]) bench.send(holder, "deal", deal(holder));
  for (let count = 0; count < 2; count++) bench.send("alice", "deal", deal("alice", { secret: true }));
  return bench;
}

function play(bench: Bench, steps: readonly Step[]): void {
  for (const [agent, name, arg] of steps) {
    const outcome = bench.send(agent, name, arg);
    if (outcome.status === "refused") throw outcome.error;
  }
}

/** What bob and cat cannot see. */
const hidden: readonly Step[] = [
  ["alice", "deal", deal("alice", { secret: true })],
  ["alice", "deal", deal("alice", { secret: true })],
  ["alice", "move", { id: "4" }],
];

const agents = ["alice", "bob", "cat"] as const;

const seqsOf = (bench: Bench): number[] => agents.map((agent) => bench.get(agent).seq);

describe("the seq of a viewer after the document is opened again", () => {
  /** With the seq of bob and cat after it. */
  const cases: readonly (readonly [string, number, readonly Step[]])[] = [
    ["move", 5, [["bob", "move", { id: "1" }]]],
    ["move to the front", 5, [["bob", "move", { id: "2", before: "1" }]]],
    ["reveal", 5, [["alice", "reveal", { id: "3" }]]],
    [
      "reveal, conceal",
      6,
      [
        ["alice", "reveal", { id: "3" }],
        ["alice", "conceal", { id: "3" }],
      ],
    ],
    [
      "reveal, conceal, drop",
      6,
      [
        ["alice", "reveal", { id: "3" }],
        ["alice", "conceal", { id: "3" }],
        ["alice", "drop", { id: "3" }],
      ],
    ],
    ["drop", 5, [["bob", "drop", { id: "1" }]]],
    ["take", 5, [["alice", "take", { id: "1" }]]],
    ["redeal", 5, [["bob", "redeal", { id: "1", holder: "cat", rank: 4 }]]],
    ["set", 5, [["bob", "set", { text: "news" }]]],
    [
      "put, remove",
      6,
      [
        ["bob", "put", { k: "a", v: "1" }],
        ["bob", "remove", { k: "a" }],
      ],
    ],
    ["nothing", 2, []],
  ];

  describe.each([
    ["patches", false],
    ["a snapshot", true],
  ])("from %s", (_from, withSnapshot) => {
    test.each(cases)("is the one before: %s", (_name, seq, steps) => {
      const bench = table();
      const clients = agents.map((agent) => bench.connect(agent));
      play(bench, steps);
      play(bench, hidden);
      const live = clients.map(({ seq }) => seq);
      expect(seqsOf(bench)).toEqual(live);
      expect(live.slice(1)).toEqual([seq, seq]);
      bench.reopen(withSnapshot);
      expect(seqsOf(bench)).toEqual(live);
      // And again, from what the next owner writes.
      bench.reopen(true);
      expect(seqsOf(bench)).toEqual(live);
    });

    test("is the one before, when all of it happened in one batch", () => {
      const bench = table();
      const clients = agents.map((agent) => bench.connect(agent));
      const steps: readonly Step[] = [["bob", "move", { id: "1" }], ["bob", "drop", { id: "2" }], ...hidden];
      for (const [agent, name, arg] of steps) bench.instance.execute(messageOf(agent, name, arg), bench.now);
      bench.flush();
      const live = clients.map(({ seq }) => seq);
      expect(live).toEqual([9, 6, 6]);
      bench.reopen(withSnapshot);
      expect(seqsOf(bench)).toEqual(live);
    });

    test.each([[1], [2], [3], [4], [5], [6], [7], [8]])(
      "in random play neither goes back nor tells of hidden commits, seed %i",
      (seed) => {
        const random = new SeededRandom(seed);
        const bench = table();
        for (let round = 0; round < 12; round++) {
          const clients = agents.map((agent) => bench.connect(agent));
          for (let count = random.below(12); count > 0; count--) {
            const batch = 1 + (random.below(3) === 0 ? random.below(4) : 0);
            for (let each = 0; each < batch; each++) bench.instance.execute(randomCommand(random), bench.now);
            bench.flush();
          }
          const before = seqsOf(bench);
          expect(before).toEqual(clients.map(({ seq }) => seq));
          bench.reopen(withSnapshot);
          const after = seqsOf(bench);
          for (const [index, agent] of agents.entries()) {
            expect([seed, round, agent, after[index]! >= before[index]!]).toEqual([seed, round, agent, true]);
          }
          // What nobody but alice sees moves nobody else.
          play(bench, hidden.slice(0, 2));
          bench.reopen(withSnapshot);
          expect(seqsOf(bench).slice(1)).toEqual(after.slice(1));
          bench.reopen(!withSnapshot);
          expect(seqsOf(bench).slice(1)).toEqual(after.slice(1));
        }
      },
    );
  });

  function randomCommand(random: SeededRandom) {
    const agent = agents[random.below(3)]!;
    const id = String(1 + random.below(12));
    const others = [
      ["deal", deal(agents[random.below(3)]!, { secret: random.below(2) === 0 })],
      ["take", { id }],
      ["reveal", { id }],
      ["conceal", { id }],
      ["drop", { id }],
      ["move", { id, ...(random.below(2) === 0 ? {} : { before: String(1 + random.below(12)) }) }],
      ["redeal", { id, holder: agents[random.below(3)]!, rank: 2 }],
      ["put", { k: id, v: String(random.below(3)) }],
      ["remove", { k: id }],
    ] as const;
    const [name, arg] = others[random.below(others.length)]!;
    return messageOf(agent, name, arg);
  }
});

describe("the seq of a newcomer after more removals than are remembered", () => {
  test.each([
    ["patches", false],
    ["a snapshot", true],
  ])("from %s counts the one it saw", (_from, withSnapshot) => {
    const Row = record({ owner: t.string() }).visibleTo((row, viewer) => row.owner === viewer.principal.agent);
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: t.table(Row) },
        messages: {
          begin: message((doc: any) => {
            for (let count = 0; count < 30; count++) doc.rows.insert({ owner: count === 0 ? "bob" : "ann" });
          }),
          drop: message((doc: any) => doc.rows.delete(doc.rows.first().id)),
        },
      }),
      { tombstonesMax: 4 },
    );
    bench.send("ann", "begin");
    const bob = bench.connect("bob");
    for (let count = 0; count < 25; count++) bench.send("ann", "drop");
    expect(bob.seq).toBe(2);
    bench.reopen(withSnapshot);
    const { seq } = bench.get("bob");
    expect(seq).toBeGreaterThanOrEqual(2);
    bench.reopen(true);
    expect(bench.get("bob").seq).toBe(seq);
  });
});

describe("a record that was changed before it was removed", () => {
  const Row = record({ owner: t.string(), friends: t.list(t.string()), at: record({ x: t.int() }) }).visibleTo(
    (row, { principal: { agent } }) => row.owner === agent || row.friends.includes(agent) || row.at.x === agent.length,
  );
  const row = (doc: any): any => doc.rows.get("1");

  test.each<readonly [string, string, (doc: any) => void]>([
    ["its owner", "bob", (doc) => void (row(doc).owner = "bob")],
    ["in a list", "bob", (doc) => void row(doc).friends.push("bob")],
    ["in a nested record", "eleven", (doc) => void (row(doc).at.x = 6)],
    ["by another nested record", "eleven", (doc) => void (row(doc).at = { x: 6 })],
  ])("is a change for the same ones after a reopening: %s", (_what, agent, change) => {
    for (const isOneMessage of [true, false]) {
      const bench = new Bench(
        defineDocument({
          space: "seqs",
          createsOnDemand: true,
          state: { rows: t.table(Row) },
          messages: {
            begin: message((doc: any) => void doc.rows.insert({ owner: "ann", at: { x: 0 } })),
            change: message((doc: any) => {
              change(doc);
              if (isOneMessage) doc.rows.delete("1");
            }),
            drop: message((doc: any) => void doc.rows.delete("1")),
          },
        }),
      );
      bench.send("ann", "begin");
      for (const name of ["change", "drop"]) bench.instance.execute(messageOf("ann", name), bench.now);
      bench.flush();
      const seqsOf = (): number[] => ["ann", agent, "somebody"].map((each) => bench.get(each).seq);
      const seqs = seqsOf();
      expect(seqs[1]).toBeGreaterThan(1);
      for (const withSnapshot of [false, true, true]) {
        bench.reopen(withSnapshot);
        expect([isOneMessage, ...seqsOf()]).toEqual([isOneMessage, ...seqs]);
      }
    }
  });
});

describe("rows that were moved there and back", () => {
  const there = (doc: any): void => {
    doc.rows.move("2", "1");
    doc.rows.move("1", "2");
  };

  test.each<readonly [string, boolean, (doc: any) => void]>([
    ["alone", false, there],
    ["alone, in a private table", true, there],
    [
      "beside a new one",
      false,
      (doc) => {
        there(doc);
        doc.rows.insert({ x: 3 });
      },
    ],
    [
      "beside a new one, in a private table",
      true,
      (doc) => {
        there(doc);
        doc.rows.insert({ x: 3 });
      },
    ],
  ])("are news after a reopening if they were before: %s", (_what, isPrivate, change) => {
    const rows = t.table(record({ x: t.int() }));
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: isPrivate ? rows.private() : rows, count: t.int().private() },
        computed: { first: (doc: any) => doc.rows.first()?.x ?? 0 },
        messages: {
          begin: message((doc: any) => {
            for (const x of [1, 2]) doc.rows.insert({ x });
          }),
          change: message(change),
          hide: message((doc: any) => void doc.count++),
        },
      }),
    );
    for (const name of ["begin", "change", "hide"]) bench.send("ann", name);
    const { seq } = bench.get("ann");
    bench.reopen(false);
    expect(bench.get("ann").seq).toBe(seq);
    bench.reopen(true);
    expect(bench.get("ann").seq).toBe(seq);
  });
});
