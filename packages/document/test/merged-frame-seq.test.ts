import { describe, expect, test } from "@jest/globals";
import { conformanceDocument, defineDocument, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";

describe("the seq of a merged frame", () => {
  test("is not that of a later move that its receiver does not see", () => {
    const bench = new Bench(conformanceDocument);
    for (const holder of ["bob", "bob", "alice", "alice"]) {
      bench.send(holder, "deal", { holder, rank: 1, secret: holder === "alice" });
    }
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
        messages: (message) => ({
          add: message((doc) => void doc.notes.insert({ open: false, hidden: 0 })),
          open: message((doc) => void (doc.notes.get("1")!.open = true)),
          hide: message((doc) => void doc.notes.get("1")!.hidden++),
        }),
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
        messages: (message) => ({
          add: message((doc) => void doc.rows.insert({ x: 1 })),
          addAndDelete: message((doc) => void doc.rows.delete(doc.rows.insert({ x: 2 }).id)),
        }),
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
