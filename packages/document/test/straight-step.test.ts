import { describe, expect, test } from "@jest/globals";
import type { JsonObject } from "@tidewire/delta";
import fc from "fast-check";
import { defineDocument, message, record, t } from "../src/index.ts";
import { Bench, type FakeClient } from "./bench.ts";

const fields = { name: t.string(), a: t.int(), b: t.number(), isOn: t.boolean(), tag: t.enum("x", "y").optional() };
const change = t.json();

interface Change {
  readonly kind: "item" | "row" | "count" | "secret" | "drop" | "draw" | "meta";
  readonly key: number;
  readonly value: number;
  readonly text: string;
}

/** Everybody sees the same: what is not private. */
const shared = defineDocument({
  space: "straight",
  createsOnDemand: true,
  state: {
    count: t.int(),
    secret: t.int().private(),
    items: t.map(record(fields)),
    rows: t.table(record({ ...fields, hidden: t.int().private() })),
    counts: t.map(t.int()),
    meta: record({ title: t.string(), of: t.map(record(fields)) }),
  },
  messages: {
    // oxlint-disable-next-line typescript/no-explicit-any -- the document above
    apply: message(change, (doc: any, arg) => {
      for (const { kind, key, value, text } of arg as unknown as Change[]) {
        const values = { name: text, a: value, b: value / 3, isOn: value > 0, tag: value % 2 === 0 ? "x" : "y" };
        const row = doc.rows.get(String(key + 1));
        if (kind === "count") doc.count = value;
        else if (kind === "secret") doc.secret = value;
        else if (kind === "drop") doc.items.delete(`k${key}`);
        else if (kind === "meta") doc.meta.of.set(text.slice(0, 500) || "-", values);
        else if (kind === "draw") doc.counts.set(`k${key}`, value);
        else if (kind === "row" && row === undefined) doc.rows.insert({ ...values, hidden: 0 });
        else if (kind === "row") Object.assign(row, key % 2 === 0 ? { hidden: value } : { a: value, name: text });
        else if (doc.items.get(`k${key}`) === undefined) doc.items.set(`k${key}`, values);
        else if (value % 3 === 0) doc.items.get(`k${key}`).tag = undefined;
        else Object.assign(doc.items.get(`k${key}`), { a: value, isOn: value > 0, name: text });
      }
    }),
  },
});

const text = fc.oneof(
  fc.string({ maxLength: 60, unit: "grapheme-ascii" }),
  fc.string({ maxLength: 6, unit: "binary" }),
);
const anyChange: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("item", "item", "item", "row", "count", "secret", "secret", "drop", "draw", "meta"),
  key: fc.nat(4),
  value: fc.oneof(fc.integer(), fc.integer({ min: -20, max: 20 })),
  text: text.filter((value) => !value.startsWith("@")),
});
/** Messages of a batch, each of a few changes. */
const batches = fc.array(
  fc.array(fc.array(anyChange, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  {
    minLength: 1,
    maxLength: 40,
  },
);

/** What a client was sent, without the hashes. */
function told({ frames }: FakeClient): { seq: number; fields: JsonObject }[] {
  return frames.map(({ seq, data }) => {
    const { "@h": _hash, ...fields } = JSON.parse(new TextDecoder().decode(data)) as JsonObject;
    return { seq, fields };
  });
}

describe("the straight way", () => {
  test("tells the same, frame by frame, as the general one", () => {
    fc.assert(
      fc.property(batches, (batches) => {
        const tellings = [false, true].map((hashEvery) => {
          const bench = new Bench(shared);
          bench.send("ann", "apply", [{ kind: "count", key: 0, value: 1, text: "" }]);
          // A hash with every frame is what the straight way has none of.
          const client = bench.connect("ann", { hashEvery });
          for (const batch of batches) {
            for (const changes of batch) {
              const outcome = bench.instance.execute(
                {
                  kind: "message",
                  principal: { agent: "ann", authority: "dev" },
                  message: "apply",
                  arg: JSON.stringify(changes),
                },
                0,
              );
              expect(outcome.status).toBe("done");
            }
            bench.flush();
          }
          expect(client.view).toEqual(bench.get("ann").view);
          expect(client.frames.slice(1).some(({ hash }) => hash === undefined)).toBe(
            !hashEvery && client.frames.length > 1,
          );
          return told(client);
        });
        expect(tellings[0]).toEqual(tellings[1]);
      }),
      { numRuns: 60 },
    );
  });
});
