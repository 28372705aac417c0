import { describe, expect, test } from "@jest/globals";
import { conformanceDocument } from "../src/index.ts";
import { Bench } from "./bench.ts";

describe("the conformance document", () => {
  test("begins empty, on demand", () => {
    const bench = new Bench(conformanceDocument);
    const alice = bench.connect("alice");
    expect(alice.view).toEqual({
      value: 0,
      text: "",
      counts: {},
      cards: [],
      hand: [],
      mine: 0,
      blob: {},
      fired: [],
      present: ["alice"],
    });
  });

  test("adds, and counts by agent", () => {
    const bench = new Bench(conformanceDocument);
    const alice = bench.connect("alice");
    expect(bench.send("alice", "add", { by: 3 })).toMatchObject({ status: "done", value: '{"value":3}' });
    expect(bench.send("bob", "add", { by: 4 })).toMatchObject({ status: "done", value: '{"value":7}' });
    expect(alice.view).toMatchObject({ value: 7, counts: { alice: 3, bob: 4 } });
  });
});
