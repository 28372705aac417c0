import { describe, expect, test } from "@jest/globals";
import { defineDocument, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- policies, views and handlers are handed in by each test

/** `secret` is shown by a policy, `shown` is a view; `bob` is who comes and goes. */
function begin(policy: (doc: any, viewer: any, whole: any) => boolean, shown: (doc: any) => unknown): Bench {
  const Row = record({ owner: t.string(), x: t.int() }).visibleTo((row, _viewer, doc) =>
    doc.presence.agents.includes(row.owner),
  );
  const bench = new Bench(
    defineDocument({
      space: "presence",
      createsOnDemand: true,
      state: {
        secret: t.int().visibleTo(policy),
        lever: t.boolean().private(),
        count: t.int().private(),
        rows: t.table(Row),
      },
      views: { shown },
      messages: (message) => ({
        add: message((doc: any) => void doc.rows.insert({ owner: "bob", x: 1 })),
        row: message((doc: any) => void doc.rows.get("1").x++),
        drop: message((doc: any) => void doc.rows.delete("1")),
        secret: message((doc: any) => void doc.secret++),
        lever: message((doc: any) => void (doc.lever = !doc.lever)),
        hide: message((doc: any) => void doc.count++),
      }),
    }),
  );
  bench.send("ann", "add");
  bench.send("ann", "secret");
  return bench;
}

const never = (): boolean => false;
const none = (): undefined => undefined;
const bobIsHere = (doc: any): boolean => doc.presence.agents.includes("bob");

describe("a policy of a field of the document that takes no third parameter", () => {
  test("is asked again when someone comes or goes: its record is the document", () => {
    const bench = begin(bobIsHere, none);
    const ann = bench.connect("ann");
    expect(ann.view).not.toHaveProperty("secret");
    const bob = bench.connect("bob");
    expect(ann.view).toHaveProperty("secret", 1);
    bench.disconnect(bob);
    bench.deliver();
    expect(ann.view).not.toHaveProperty("secret");
    expect(ann.view).toEqual(bench.get("ann").view);
  });

  test("also where no policy takes the document", () => {
    const bench = new Bench(
      defineDocument({
        space: "presence",
        createsOnDemand: true,
        state: { secret: t.int().visibleTo(bobIsHere), other: t.int().visibleTo(never) },
        messages: (message) => ({ set: message((doc) => void doc.secret++) }),
      }),
    );
    bench.send("ann", "set");
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    expect(ann.view).toHaveProperty("secret", 1);
    bench.disconnect(bob);
    bench.deliver();
    expect(ann.view).not.toHaveProperty("secret");
  });
});

describe("the seq of a newcomer does not go back when those leave for whom something was shown", () => {
  const cases: readonly (readonly [string, Parameters<typeof begin>, readonly string[]])[] = [
    ["a record that changed", [never, none], ["row"]],
    ["a record that was removed", [never, none], ["drop"]],
    ["a field of the document", [bobIsHere, none], ["secret"]],
    ["a field, by something else that the policy reads then", [(doc) => bobIsHere(doc) && doc.lever, none], ["lever"]],
    [
      "the same with the document as a third parameter",
      [(_doc, _viewer, doc) => bobIsHere(doc) && doc.lever, none],
      ["lever"],
    ],
    ["a view", [never, (doc) => (bobIsHere(doc) ? doc.count : undefined)], ["hide"]],
    ["a view of records", [never, (doc) => (bobIsHere(doc) ? [...doc.rows].length : 0)], ["drop"]],
  ];

  test.each(cases)("%s", (_what, document, steps) => {
    const bench = begin(...document);
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    for (const step of steps) bench.send("ann", step);
    const { seq } = bench.instance;
    expect(ann.seq).toBe(seq);
    bench.disconnect(bob);
    bench.deliver();
    // Whatever was looked at by then is in the log with the next append, whether anything was committed or not.
    bench.append();
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("ann").seq).toBeGreaterThanOrEqual(seq);
    }
  });

  test("which costs an append without a change each time that something else is looked at, and tells nobody", () => {
    const bench = begin(never, (doc) => (doc.presence.agents.includes("bob") ? doc.count : doc.lever));
    const ann = bench.connect("ann");
    expect(bench.instance.owesCommit).toBe(true);
    const appended = (): number => bench.stored.patches.length;
    const [before, frames] = [appended(), ann.frames.length];
    bench.flush();
    expect([appended(), bench.instance.owesCommit]).toEqual([before + 1, false]);
    bench.connect("bob");
    bench.flush();
    expect(appended()).toBe(before + 2);
    for (let count = 0; count < 3; count++) bench.flush();
    bench.reopen();
    bench.connect("bob");
    bench.flush();
    expect([appended(), bench.instance.owesCommit]).toEqual([before + 2, false]);
    expect(ann.frames.length).toBe(frames + 1);
    expect(ann.seq).toBeLessThan(bench.instance.seq);
  });

  test("and nobody is told of commits that have nothing to do with it", () => {
    const bench = begin(never, (doc) => doc.presence.agents);
    const bob = bench.connect("bob");
    const { seq } = bob;
    bench.disconnect(bob);
    for (let count = 0; count < 3; count++) bench.send("ann", "hide");
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("ann").seq).toBe(seq);
      expect(bench.get("cat").seq).toBe(seq);
    }
  });
});
