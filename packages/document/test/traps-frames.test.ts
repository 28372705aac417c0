import { describe, expect, test } from "@jest/globals";
import { applyDelta, canonicalJson, composeDeltas, type JsonObject, viewOf } from "@tidewire/delta";
import fc from "fast-check";
import { JsonWriter } from "../src/encode/json-writer.ts";
import { type FakeClient, principalOf } from "./bench.ts";
import { begin, note } from "./trap-bench.ts";

// Numbers are those of research/runtime.md section 10; README.md has the table of them all.

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

describe("traps of frames", () => {
  test("10: beyond the horizon of the removals a viewer gets a snapshot", () => {
    const bench = begin({ limits: { tombstonesMax: 4 } });
    const slow = bench.connect("bob", { credit: 1 });
    bench.run((doc) => {
      for (let count = 0; count < 40; count++) doc.plain.insert(note("ann", `P${count}`));
    });
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    for (let count = 1; count <= 30; count++) bench.run((doc) => doc.plain.delete(String(count)));
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.frames.at(-1)!.kind).toBe("snapshot");
    expect(slow.view).toEqual(bench.get("bob").view);
  });

  test("11: nothing is shown that was not taken for the log", () => {
    const bench = begin();
    bench.connect("ann");
    bench.run((doc) => void doc.count++);
    bench.instance.execute({ kind: "message", principal: principalOf("ann"), message: "run", arg: '{"work":0}' }, 1);
    expect(() => bench.deliver()).toThrow(/nothing may be shown/);
    expect(() => bench.get("ann")).toThrow(/nothing may be shown/);
    bench.append();
    bench.deliver();
    expect(bench.clients[0]!.view["count"]).toBe(2);
  });

  test("12: the bytes a viewer gets do not depend on what is hidden from it", () => {
    const story = (withSecrets: boolean): string[] => {
      const bench = begin();
      const bob = bench.connect("bob");
      for (let round = 0; round < 12; round++) {
        bench.run((doc) => {
          if (withSecrets) doc.byName.set(`s${round}`, note("ann", "S", { secret: "S" }));
          doc.byName.set(`k${round}`, note("bob", "B"));
          if (withSecrets && round > 3) doc.byName.delete(`s${round - 3}`);
          if (round > 5) doc.byName.delete(`k${round - 5}`);
        });
      }
      return bob.frames.map((frame) =>
        Buffer.from(frame.data)
          .toString()
          .replace(/"@s":\d+/, ""),
      );
    };
    expect(story(true)).toEqual(story(false));
  });

  test("13: viewers of one class share their bytes, whatever each got before", () => {
    const bench = begin();
    const early = bench.connect("bob");
    for (let count = 0; count < 5; count++) bench.run((doc) => void doc.count++);
    const late = bench.connect("bob");
    bench.run((doc) => void doc.count++);
    expect(late.frames.at(-1)).toBe(early.frames.at(-1));
  });

  test("14: strings are written as JSON.stringify writes them", () => {
    const write = (text: string): string => {
      const out = new JsonWriter();
      out.string(text);
      return Buffer.from(out.take()).toString();
    };
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
      fc.string({ unit: "grapheme", minLength: 40, maxLength: 80 }),
    );
    fc.assert(fc.property(anyText, (text) => expect(write(text)).toBe(JSON.stringify(text))));
    fc.assert(
      fc.property(
        fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
        (value) => {
          const out = new JsonWriter();
          out.number(value);
          expect(Buffer.from(out.take()).toString()).toBe(JSON.stringify(value));
        },
      ),
    );
  });

  test("15: keys like __proto__ are data, and numbers as keys keep no order", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    const keys = ["__proto__", "constructor", "toString", "2", "10", "1", "hasOwnProperty"];
    bench.run((doc) => {
      for (const [index, key] of keys.entries()) doc.numbers.set(key, index);
      doc.json = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    });
    expect(Object.keys(bob.view["numbers"] as object).sort()).toEqual([...keys].sort());
    expect(JSON.stringify(bob.view["json"])).toBe('{"__proto__":{"x":1},"constructor":2}');
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    bench.reopen(true);
    expect(canonicalJson(bench.get("bob").view)).toBe(canonicalJson(bob.view));
    bench.run((doc) => {
      for (const key of keys) expect(doc.numbers.delete(key)).toBe(true);
    });
    expect(bench.get("bob").view["numbers"]).toEqual({});
  });

  test("21: composed deltas have the effect of one walk over both", () => {
    for (let seed = 0; seed < 40; seed++) {
      const bench = begin();
      bench.run((doc) => {
        for (let count = 0; count < 6; count++) doc.plain.insert(note("ann", `t${count}`));
      });
      const each = bench.connect("bob");
      const once = bench.connect("bob");
      const grant = (client: FakeClient): void => bench.instance.grant(client.viewer, 1_000);
      bench.instance.grant(once.viewer, -once.viewer.credit);
      const base = each.view;
      for (let step = 0; step < 3; step++) {
        bench.run((doc) => {
          const rows = doc.plain.toArray();
          const row = rows[(seed * 7 + step * 3) % rows.length];
          if ((seed + step) % 4 === 0) doc.plain.delete(row.id);
          else if ((seed + step) % 4 === 1) doc.plain.move(row.id, rows[(seed + step * 5) % rows.length].id);
          else if ((seed + step) % 4 === 2) {
            doc.plain.delete(row.id);
            doc.plain.insert(note("bob", `again${step}`), { id: row.id });
          } else doc.plain.insert(note("ann", `new${step}`), { before: row.id });
        });
      }
      const deltas = each.frames.slice(1).map((frame) => JSON.parse(Buffer.from(frame.data).toString()) as JsonObject);
      grant(once);
      bench.deliver();
      const composed = deltas.reduce((a, b) => composeDeltas(a, b));
      const keysOf = (list: readonly unknown[]): string[] => list.map((row) => (row as { id: string }).id);
      const start = viewOf(base, 0, (list, path) => (path[0] === "list" ? undefined : keysOf(list)));
      expect(applyDelta(start, composed).value).toEqual(once.view);
      expect(once.view).toEqual(each.view);
    }
  });

  test("22: a view above its bound is refused, and ends the streams of those who would get it", () => {
    const bench = begin({ limits: { viewMaxBytes: 20_000 } });
    const bob = bench.connect("bob");
    const ann = bench.connect("ann");
    bench.run((doc) => doc.plain.insert(note("ann", "A", { secret: "x".repeat(60_000) })));
    expect(bob.view["plain"]).toMatchObject([{ text: "A" }]);
    expect(bench.failures).toMatchObject([{ agents: ["ann"], code: "limit_exceeded" }]);
    expect(ann.frames.length).toBe(1);
    expect(bench.instance.viewerCount).toBe(1);
    expect(() => bench.get("ann")).toThrow(expect.objectContaining({ code: "limit_exceeded" }));
    expect(() => bench.attach("ann", { resume: { seq: 1, hash: "0" } })).toThrow(
      expect.objectContaining({ code: "limit_exceeded" }),
    );
    expect(bench.instance.viewerCount).toBe(1);
    bench.run((doc) => doc.plain.delete("1"));
    expect(bench.get("ann").view["plain"]).toEqual([]);
  });
});
