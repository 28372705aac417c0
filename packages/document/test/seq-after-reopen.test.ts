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

describe("the seq of a newcomer", () => {
  test("counts a move, as those who were there do", () => {
    const bench = table();
    const bob = bench.connect("bob");
    bench.send("bob", "move", { id: "1" });
    expect(bench.get("cat").seq).toBe(bob.seq);
  });

  test("counts what became absent", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { text: t.string().optional(), secret: t.int().private() },
        messages: {
          set: message((doc) => void (doc.text = "here")),
          unset: message((doc) => void (doc.text = undefined)),
          hide: message((doc) => void doc.secret++),
        },
      }),
    );
    bench.send("ann", "set");
    const ann = bench.connect("ann");
    bench.send("ann", "unset");
    bench.send("ann", "hide");
    expect(ann.seq).toBe(2);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("ann").seq).toBe(2);
    }
  });

  test("counts changes of what its views read in private state", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { text: t.string(), secret: t.int().private(), other: t.int().private() },
        views: { isOdd: (doc) => doc.secret % 2 === 1 },
        messages: {
          set: message((doc) => void (doc.text = "here")),
          count: message((doc) => void doc.secret++),
          hide: message((doc) => void doc.other++),
        },
      }),
    );
    bench.send("ann", "set");
    const ann = bench.connect("ann");
    bench.send("ann", "count");
    bench.send("ann", "hide");
    expect(ann.seq).toBe(2);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("ann").seq).toBe(2);
    }
  });
});

describe("the seq of a newcomer whose view changed by what it does not see", () => {
  const Row = record({ owner: t.string(), open: t.boolean(), mark: t.int().private() }).visibleTo(
    (row, viewer) => row.owner === viewer.principal.agent,
  );
  const rows = (doc: any): any => doc.rows;
  const add = (doc: any): unknown => rows(doc).insert({ owner: "ann", open: true, mark: 1 });
  const cases: readonly (readonly [string, (doc: any, viewer: any) => unknown, (doc: any) => unknown])[] = [
    ["another took the first place", (doc) => rows(doc).first(), (doc) => rows(doc).move("2", "1")],
    [
      "another is within the limit",
      (doc) => rows(doc).where({ open: true }).limit(1),
      (doc) => rows(doc).move("2", "1"),
    ],
    [
      "another was counted",
      (doc) => rows(doc).where({ open: true }).count(),
      (doc) => void (rows(doc).get("2").open = false),
    ],
    ["another was removed", (doc) => rows(doc).where({ open: true }).count(), (doc) => rows(doc).delete("2")],
    ["another was added", (doc) => (rows(doc).size > 2 ? rows(doc) : undefined), add],
    [
      "its record left by a private field",
      (doc) => rows(doc).where({ mark: 1 }),
      (doc) => void (rows(doc).get("1").mark = 2),
    ],
    [
      "it came first by a private field",
      (doc) => rows(doc).orderBy("mark").first(),
      (doc) => void (rows(doc).get("2").mark = 0),
    ],
    [
      "a condition read a private field",
      (doc) => rows(doc).where((row: any) => row.mark === 1),
      (doc) => void (rows(doc).get("1").mark = 2),
    ],
  ];

  test.each(cases)("%s", (_name, shown, change) => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: t.table(Row) },
        views: { shown },
        messages: {
          begin: message((doc: any) => {
            for (const owner of ["bob", "ann"]) doc.rows.insert({ owner, open: true, mark: 1 });
          }),
          change: message((doc: any) => void change(doc)),
        },
      }),
    );
    bench.send("ann", "begin");
    const bob = bench.connect("bob");
    bench.send("ann", "change");
    expect(bob.seq).toBe(2);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("bob").seq).toBe(2);
    }
  });

  test("is not moved where they are told by themselves who is in the view", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: t.table(Row) },
        views: {
          all: (doc) => doc.rows,
          own: (doc, viewer) => doc.rows.where({ owner: viewer.principal.agent }).orderBy("open"),
          count: (doc, viewer) => doc.rows.where({ owner: viewer.principal.agent }).count(),
          open: (doc) => doc.rows.where((row) => row.open),
        },
        messages: {
          begin: message((doc: any) => {
            for (const owner of ["bob", "ann"]) doc.rows.insert({ owner, open: true, mark: 1 });
          }),
          hide: message((doc: any) => {
            add(doc);
            doc.rows.get("2").mark++;
            doc.rows.move("2");
          }),
        },
      }),
    );
    bench.send("ann", "begin");
    for (let count = 0; count < 3; count++) bench.send("ann", "hide");
    expect(bench.get("bob").seq).toBe(1);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("bob").seq).toBe(1);
    }
  });
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

describe("the seq of a merged frame", () => {
  test("is not that of a later move that its receiver does not see", () => {
    const bench = table();
    const bob = bench.connect("bob", { credit: 1 });
    bench.send("bob", "move", { id: "1" });
    const { seq } = bench.instance;
    bench.send("alice", "move", { id: "3" });
    bench.instance.grant(bob.viewer, 1);
    bench.deliver();
    expect(bob.seq).toBe(seq);
  });

  test("is not that of a later change of what stays hidden in a record that came to be seen", () => {
    const Note = record({ open: t.boolean(), hidden: t.int().private() }).visibleTo((note) => note.open);
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { notes: t.table(Note) },
        messages: {
          add: message((doc) => void doc.notes.insert({ open: false, hidden: 0 })),
          open: message((doc) => void (doc.notes.get("1")!.open = true)),
          hide: message((doc) => void doc.notes.get("1")!.hidden++),
        },
      }),
    );
    bench.send("ann", "add");
    const ann = bench.connect("ann", { credit: 1 });
    bench.send("ann", "open");
    bench.send("ann", "hide");
    bench.instance.grant(ann.viewer, 1);
    bench.deliver();
    expect(ann.seq).toBe(2);
  });

  test("is not that of a row that came and went in one message, even if the order is written", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: t.table(record({ x: t.int() })) },
        messages: {
          add: message((doc) => void doc.rows.insert({ x: 1 })),
          addAndDelete: message((doc) => void doc.rows.delete(doc.rows.insert({ x: 2 }).id)),
        },
      }),
    );
    bench.send("ann", "add");
    const slow = bench.connect("ann", { credit: 1 });
    const quick = bench.connect("ann");
    bench.send("ann", "add");
    bench.send("ann", "addAndDelete");
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.last["rows"]).toHaveProperty("@o");
    expect([quick.seq, slow.seq, bench.get("ann").seq]).toEqual([2, 2, 2]);
    bench.reopen();
    expect(bench.get("ann").seq).toBe(2);
  });
});
