import { describe, expect, test } from "@jest/globals";
import { type JsonObject } from "@tidewire/delta";
import { begin, note, sees } from "./trap-bench.ts";

// Numbers are those of research/runtime.md section 10; README.md has the table of them all.

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

describe("traps of what is visible", () => {
  test("1: a policy is asked again when something outside of its record changes", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.guarded.insert(note("ann", "A")));
    expect(sees(bob, "guarded")).toEqual([]);
    bench.run((doc) => void (doc.phase = "over"));
    expect(sees(bob, "guarded")).toEqual(["A"]);
    bench.run((doc) => void (doc.phase = "play"));
    expect(sees(bob, "guarded")).toEqual([]);
  });

  test("1: also when what it looked for was not there, or was removed", () => {
    const bench = begin({
      views: {
        knows: (doc: any, viewer: any) => doc.numbers.get(viewer.principal.agent) ?? "nothing",
        first: (doc: any) => doc.plain.get("1")?.text ?? "none",
      },
    });
    const bob = bench.connect("bob");
    expect(bob.view).toMatchObject({ knows: "nothing", first: "none" });
    bench.run((doc) => doc.numbers.set("bob", 4));
    expect(bob.view["knows"]).toBe(4);
    bench.run((doc) => doc.numbers.delete("bob"));
    expect(bob.view["knows"]).toBe("nothing");
    bench.run((doc) => doc.plain.insert(note("ann", "A")));
    expect(bob.view["first"]).toBe("A");
    bench.run((doc) => doc.plain.delete("1"));
    expect(bob.view["first"]).toBe("none");
  });

  test("2: the removal of a record that was never seen is not told", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.byName.set("SECRETKEY", note("ann", "A")));
    bench.run((doc) => doc.byName.delete("SECRETKEY"));
    bench.run((doc) => {
      doc.byName.set("SECRETKEY", note("ann", "B"));
      doc.byName.delete("SECRETKEY");
      doc.count++;
    });
    expect(bob.view["count"]).toBe(1);
    expect(bob.bytes).not.toContain("SECRETKEY");
  });

  test("3: a record made again under its key replaces the old one, and says so only to who had it", () => {
    const bench = begin();
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    bench.run((doc) => doc.byName.set("k", note("ann", "old", { extra: "gone", open: true })));
    bench.run((doc) => doc.byName.set("k", note("ann", "new", { open: true })));
    expect(bob.view["byName"]).toEqual({ k: { owner: "ann", text: "new", open: true } });
    expect((bob.last["byName"] as JsonObject)["k"]).toMatchObject({ "@r": true });
    bench.run((doc) => doc.byName.set("h", note("ann", "hidden", { extra: "x" })));
    bench.run((doc) => doc.byName.set("h", note("ann", "shown", { open: true })));
    expect(bob.last["byName"]).toEqual({ h: { owner: "ann", text: "shown", open: true } });
    expect((ann.last["byName"] as JsonObject)["h"]).toMatchObject({ "@r": true, text: "shown" });
  });

  test("4: what a viewer far behind holds is known, however often the policy has changed its mind", () => {
    const bench = begin();
    const bob = bench.connect("bob", { credit: 1 });
    bench.run((doc) => doc.guarded.insert(note("ann", "A", { open: true })));
    expect(bob.frames.length).toBe(1);
    bench.run((doc) => void (doc.guarded.get("1").open = false));
    bench.run((doc) => doc.guarded.insert(note("ann", "B", { open: true })));
    bench.run((doc) => void (doc.guarded.get("1").open = true));
    bench.run((doc) => void (doc.guarded.get("2").open = false));
    bench.instance.grant(bob.viewer, 1);
    bench.deliver();
    expect(sees(bob, "guarded")).toEqual(["A"]);
    bench.run((doc) => void (doc.guarded.get("1").open = false));
    bench.run((doc) => void (doc.guarded.get("1").text = "A2"));
    bench.instance.grant(bob.viewer, 1);
    bench.deliver();
    expect(sees(bob, "guarded")).toEqual([]);
    expect(bob.bytes).not.toContain("A2");
    expect(bob.bytes).not.toContain('"B"');
  });

  test("5: what is shown again is sent whole", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.guarded.insert(note("ann", "A", { open: true })));
    bench.run((doc) => void (doc.guarded.get("1").open = false));
    bench.run((doc) => void (doc.guarded.get("1").text = "changed"));
    bench.run((doc) => void (doc.guarded.get("1").extra = "while hidden"));
    bench.run((doc) => void (doc.guarded.get("1").open = true));
    expect(bob.view["guarded"]).toEqual([
      { id: "1", owner: "ann", text: "changed", extra: "while hidden", open: true },
    ]);
  });

  test("6: a field that moves to another owner leaves the old one", () => {
    const bench = begin();
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    bench.run((doc) => doc.plain.insert(note("ann", "A", { secret: "S1" })));
    expect(ann.view["plain"]).toMatchObject([{ secret: "S1" }]);
    bench.run((doc) => void (doc.plain.get("1").owner = "bob"));
    bench.run((doc) => void (doc.plain.get("1").secret = "S2"));
    expect(ann.view["plain"]).toEqual([{ id: "1", owner: "bob", text: "A", open: false }]);
    expect(bob.view["plain"]).toMatchObject([{ secret: "S2" }]);
    expect(ann.bytes).not.toContain("S2");
  });

  test("7: a commit that a viewer cannot see sends it nothing at all", () => {
    const bench = begin({
      views: { mine: (doc: any, viewer: any) => doc.guarded.where({ owner: viewer.principal.agent }) },
    });
    const bob = bench.connect("bob");
    const frames = bob.frames.length;
    bench.run((doc) => doc.guarded.insert(note("ann", "A")));
    bench.run((doc) => doc.guarded.insert(note("ann", "B")));
    bench.run((doc) => doc.guarded.move("2", "1"));
    bench.run((doc) => void (doc.guarded.get("1").text = "C"));
    bench.run((doc) => doc.plain);
    bench.run((doc) => void doc.hidden++);
    bench.run((doc) => doc.guarded.delete("1"));
    expect(bob.frames.length).toBe(frames);
  });
});
