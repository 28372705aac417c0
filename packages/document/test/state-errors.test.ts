import { describe, expect, test } from "@jest/globals";
import { principalOf } from "./bench.ts";
import { begin, type Handler } from "./handler-bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

describe("what state refuses, at the assignment", () => {
  const row = { n: 1, text: "ok" };
  test.each<[string, Handler, RegExp]>([
    ["a wrong type", (doc) => void (doc.on = 1), /"on": expected a boolean, got a number/],
    ["a fraction", (doc) => doc.rows.insert({ ...row, n: 1.5 }), /"n": expected a safe integer/],
    ["an unsafe integer", (doc) => doc.map.set("k", 2 ** 53), /safe integer/],
    ["NaN", (doc) => void (doc.when = Number.NaN), /"when"/],
    ["Infinity", (doc) => doc.rows.insert({ ...row, inner: { x: Number.POSITIVE_INFINITY } }), /finite/],
    ["a number out of range", (doc) => doc.rows.insert({ ...row, inner: { x: 10 } }), /at most 9/],
    ["a long string", (doc) => doc.list.push("123456"), /at most 5/],
    ["an unknown word", (doc) => doc.rows.insert({ ...row, kind: "c" }), /one of a, b/],
    ["an unknown field of the document", (doc) => void (doc.nothing = 1), /not extensible/],
    ["an unknown field of a record", (doc) => void (doc.rows.insert(row).nothing = 1), /not extensible/],
    ["an unknown field at insertion", (doc) => doc.rows.insert({ ...row, nothing: 1 }), /no field "nothing"/],
    ["a missing field", (doc) => doc.rows.insert({ n: 1 }), /needs the field "text"/],
    ["null", (doc) => void (doc.on = null), /no nulls/],
    ["null in JSON", (doc) => void (doc.json = { a: [null] }), /no nulls/],
    ["null for a nested record", (doc) => void (doc.maybe = null), /no nulls/],
    ["undefined where it is not optional", (doc) => void (doc.on = undefined), /not optional/],
    ["a key that begins with @", (doc) => doc.map.set("@s", 1), /do not begin with @/],
    ["a key of JSON that begins with @", (doc) => void (doc.json = { "@r": true }), /do not begin with @/],
    ["an empty key", (doc) => doc.map.set("", 1), /1 to 512/],
    ["a long key", (doc) => doc.map.set("k".repeat(513), 1), /1 to 512/],
    ["a key that is a number", (doc) => doc.map.set(5, 1), /a key is a string/],
    [
      "a cycle",
      (doc) => {
        const cycle: any = {};
        cycle.self = cycle;
        doc.json = cycle;
      },
      /without cycles/,
    ],
    ["a date in JSON", (doc) => void (doc.json = { at: new Date(0) }), /plain JSON/],
    ["a function in JSON", (doc) => void (doc.json = { f: () => {} }), /expected JSON/],
    ["a container assigned", (doc) => void (doc.list = []), /container/],
    ["a list position that is not there", (doc) => doc.list.set(3, "x"), /no position 3/],
    ["an id that was never given", (doc) => doc.rows.insert(row, { id: "9" }), /never gave/],
    ["an id that is in use", (doc) => doc.rows.insert(row, { id: doc.rows.insert(row).id }), /has a record/],
    ["a place before what is not there", (doc) => doc.rows.insert(row, { before: "9" }), /no record/],
    ["moving what is not there", (doc) => doc.rows.move("9"), /no record/],
    ["something that is no record", (doc) => doc.rows.insert([]), /an array/],
    ["a record as the value of a message", (doc) => doc.rows.insert(row), /cannot be turned into JSON/],
    ["a table as the value of a message", (doc) => ({ rows: doc.rows }), /cannot be turned into JSON/],
    ["the document as the value of a message", (doc) => doc, /cannot be turned into JSON/],
  ])("%s", (_name, work, text) => {
    const { run, bench } = begin();
    run((doc) => void doc.map.set("before", 1));
    const before = Buffer.from(bench.instance.snapshot()).toString();
    expect(() => run(work)).toThrow(text);
    expect(Buffer.from(bench.instance.snapshot()).toString()).toBe(before);
  });

  test("and a handler that catches it goes on with what it had", () => {
    const { run, bench } = begin();
    run((doc) => {
      doc.map.set("a", 1);
      for (const wrong of [
        () => doc.rows.insert({ n: 1, text: "ok", inner: { x: 99 } }),
        () => doc.rowMap.set("k", { n: "x" }),
        () => void (doc.point = { x: "wrong" }),
        () => doc.list.push("fine", 5),
      ]) {
        expect(wrong).toThrow();
      }
    });
    expect(bench.get("ann").view).toMatchObject({
      map: { a: 1 },
      rows: [],
      rowMap: {},
      list: [],
      point: { x: 0, y: 7 },
    });
    run((doc) => void doc.rows.insert({ n: 1, text: "a" }));
    expect(bench.get("ann").view["rows"]).toMatchObject([{ id: "1" }]);
  });

  test("an object that is given twice, and was changed in between, is taken as it is", () => {
    const { run, bench } = begin();
    run((doc) => {
      const by = { agent: "ann", authority: "dev" };
      doc.rows.insert({ n: 1, text: "a", by });
      by.agent = "bob";
      doc.rows.insert({ n: 2, text: "b", by });
    });
    expect(bench.get("ann").view["rows"]).toMatchObject([{ by: principalOf("ann") }, { by: principalOf("bob") }]);
  });

  test("optional fields come and go, nested records are replaced or changed", () => {
    const { run, bench } = begin();
    const ann = bench.connect("ann");
    run((doc) => {
      doc.maybe = { x: 1 };
      doc.point.x = 5;
      doc.rows.insert({ n: 1, text: "a", by: principalOf("bob"), inner: { x: 1 } });
    });
    expect(ann.view).toMatchObject({
      maybe: { x: 1 },
      point: { x: 5, y: 7 },
      rows: [{ by: principalOf("bob"), inner: { x: 1 } }],
    });
    run((doc) => {
      doc.maybe = undefined;
      doc.point = { x: 6 };
      doc.rows.first().by = undefined;
      doc.rows.first().inner.x = 2;
    });
    expect(ann.view).toMatchObject({
      point: { x: 6, y: 7 },
      rows: [{ id: "1", n: 1, text: "a", kind: "b", inner: { x: 2 } }],
    });
    expect(Object.keys(ann.view)).not.toContain("maybe");
    expect(run((doc) => doc.maybe === undefined && doc.rows.first().by === undefined)).toBe(true);
    expect(() => run((doc) => void (doc.maybe = doc.point))).toThrow(/one place only/);
  });

  test("lists and maps do what arrays and maps do", () => {
    const { run } = begin();
    expect(
      run((doc) => {
        doc.list.push("b", "c");
        doc.list.unshift("a");
        doc.list.set(1, "B");
        const popped = doc.list.pop();
        const shifted = doc.list.shift();
        doc.list.splice(1, 0, "x", "y");
        return [
          popped,
          shifted,
          doc.list.length,
          doc.list.at(-1),
          doc.list.includes("x"),
          doc.list.indexOf("y"),
          ...doc.list,
        ];
      }),
    ).toEqual(["c", "a", 3, "y", true, 2, "B", "x", "y"]);
    expect(
      run((doc) => {
        doc.list.replace(["z", "yy"]);
        return [
          doc.list.map((item: string, position: number) => item + position),
          doc.list.filter((item: string) => item.length > 1),
          doc.list.find((item: string) => item === "z"),
          doc.list.some((item: string) => item === "a"),
          doc.list.every((item: string) => item.length > 0),
        ];
      }),
    ).toEqual([["z0", "yy1"], ["yy"], "z", false, true]);
    expect(
      run((doc) => {
        doc.list.replace(["z"]);
        doc.map.set("b", 2);
        doc.map.set("a", 1);
        return [
          doc.list.toArray(),
          doc.map.size,
          doc.map.has("a"),
          doc.map.keys(),
          doc.map.values(),
          [...doc.map],
          doc.map.getOrInsert("c", 3),
          doc.map.delete("c"),
          doc.map.delete("c"),
        ];
      }),
    ).toEqual([
      ["z"],
      2,
      true,
      ["a", "b"],
      [1, 2],
      [
        ["a", 1],
        ["b", 2],
      ],
      3,
      true,
      false,
    ]);
    expect(
      run((doc) => {
        doc.map.clear();
        doc.list.clear();
        return [doc.map.size, doc.list.length];
      }),
    ).toEqual([0, 0]);
  });
});
