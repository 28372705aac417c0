import { expect, test } from "@jest/globals";
import { defineDocument, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";

const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
const wide = defineDocument({
  space: "wide-records",
  createsOnDemand: true,
  state: { rows: t.table(record(Object.fromEntries(names.map((name) => [name, t.int().default(0)])))) },
  messages: (message) => ({
    insert: message((doc) => void doc.rows.insert({})),
    set: message(record({ name: t.string(), to: t.int(), fails: t.boolean() }), (doc, { name, to, fails }) => {
      const row = doc.rows.get("1") as unknown as Record<string, number>;
      row[name] = to;
      row[name] = to + 1;
      if (fails) throw new Error("told to fail");
    }),
  }),
});

test("every field of a record with more fields than one mask holds is changed, rolled back and sent by itself", () => {
  const bench = new Bench(wide);
  bench.send("ann", "insert");
  const ann = bench.connect("ann");
  for (const [index, name] of names.entries()) {
    expect(bench.send("ann", "set", { name, to: 50, fails: true })).toMatchObject({ status: "refused" });
    expect(bench.get("ann").view).toEqual(ann.view);
    bench.send("ann", "set", { name, to: index, fails: false });
    expect(ann.last["rows"]).toEqual({ "1": { [name]: index + 1 } });
  }
  bench.reopen();
  expect(bench.get("ann").view).toEqual(ann.view);
});
