import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { z } from "zod";
import { type DocumentDefinition, defineDocument, t } from "../src/index.ts";
import { restartRecord } from "../src/log.ts";
import { Bench } from "./bench.ts";
import { mutateRecord, randomDocument } from "./random-document.ts";

const decoder = new TextDecoder();

/** Everything of a document but where it stands in a log. */
function wholeOf(bench: Bench): unknown {
  const {
    seq: _seq,
    effectSeq: _effect,
    stampSeq: _stamp,
    stamps: _stamps,
    ...whole
  } = JSON.parse(decoder.decode(bench.instance.snapshot())) as Record<string, unknown>;
  return whole;
}

const notes = defineDocument({
  space: "notes",
  version: 1,
  state: { lines: t.list(t.string()), named: t.map(t.string()), extra: t.json().optional() },
  onConnect: () => {},
  timers: { ring: () => {} },
  messages: (message) => ({
    add: message(z.string(), (doc, line) => {
      doc.lines.push(line);
      doc.named.set(line, line);
      doc.extra = { [line]: [line] };
    }),
    drop: message(z.string(), (doc, line) => void doc.named.delete(line)),
    later: message((_doc, _arg, ctx) => void ctx.after("5s", "ring")),
  }),
});

describe("a record that begins a document anew", () => {
  test("has everything that random histories leave", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed);
      const definition = randomDocument(new SeededRandom(seed * 7919), (doc, arg, ctx) => {
        const dice = new SeededRandom(arg.seed);
        for (let count = 1 + dice.below(4); count > 0; count--) {
          mutateRecord(doc, (definition as DocumentDefinition).stateFields, dice);
        }
        if (dice.below(4) === 0) ctx.after(dice.below(100), "later");
        if (dice.below(4) === 0) ctx.random.next();
        return { count: dice.below(3) };
      });
      const bench = new Bench(definition);
      bench.execute({ kind: "create", principal: { agent: "ann", authority: "dev" } });
      for (let step = 0; step < 25; step++) {
        bench.send("ann", "mutate", { seed: random.below(2 ** 31), fails: false }, `m${step}`);
        if (random.below(10) === 0) bench.reopen(true);
      }
      const before = wholeOf(bench);
      const { data } = restartRecord(bench.stored, { from: 70_000, to: 70_001 });
      bench.stored = { seq: 70_001, isDeleted: false, patches: [data] };
      bench.reopen();
      try {
        expect(wholeOf(bench)).toEqual(before);
        // And it goes on: what is written next is read again.
        bench.send("ann", "mutate", { seed, fails: false });
        const after = wholeOf(bench);
        bench.reopen();
        expect(wholeOf(bench)).toEqual(after);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
  });

  test("says when the next timer is due, and keeps who is connected and which markers were seen", () => {
    const bench = new Bench(notes);
    bench.execute({ kind: "create", principal: { agent: "ann", authority: "dev" } });
    bench.connect("bob");
    bench.send("ann", "later");
    bench.send("ann", "add", "one", "marker-1");
    const { data, wakeAt } = restartRecord(bench.stored, { from: 9, to: 10 });
    expect(wakeAt).toBe(bench.now + 5_000);
    bench.stored = { seq: 10, isDeleted: false, patches: [data] };
    bench.reopen();
    expect(bench.instance.connected).toEqual([{ agent: "bob", authority: "dev" }]);
    bench.send("ann", "add", "one", "marker-1");
    expect(bench.get("ann").view).toMatchObject({ lines: ["one"] });
  });

  test("who saw the document before gets a snapshot: nobody knows what is gone", () => {
    const bench = new Bench(notes);
    bench.execute({ kind: "create", principal: { agent: "ann", authority: "dev" } });
    bench.send("ann", "add", "one");
    const early = { ...bench.stored, patches: [...bench.stored.patches] };
    bench.send("ann", "add", "two");
    const client = bench.connect("ann");
    const { seq, hash } = client;
    const head = bench.stored.seq;
    const { data } = restartRecord(early, { from: head, to: head + 1 });
    bench.stored = { seq: head + 1, isDeleted: false, patches: [...bench.stored.patches, data] };
    bench.reopen();
    const again = bench.attach("ann", { resume: { seq, hash } });
    again.startFrom(client);
    bench.deliver();
    expect(again.frames.map(({ kind }) => kind)).toEqual(["snapshot"]);
    expect(again.view).toMatchObject({ lines: ["one"], named: { one: "one" } });
    expect(again.seq).toBe(head + 1);
  });

  test("there is none of a document that is deleted, or whose records have a gap", () => {
    const bench = new Bench(notes);
    bench.execute({ kind: "create", principal: { agent: "ann", authority: "dev" } });
    bench.send("ann", "add", "one");
    bench.send("ann", "add", "two");
    const { seq, patches } = bench.stored;
    const gap = { seq, isDeleted: false, patches: [patches[0]!, patches[2]!] };
    expect(() => restartRecord(gap, { from: 0, to: 1 })).toThrow("does not follow");
    expect(() => restartRecord({ seq: 0, isDeleted: false, patches: [] }, { from: 0, to: 1 })).toThrow(
      "does not exist",
    );
  });
});
