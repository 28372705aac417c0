import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { defineDocument, record, t } from "../src/index.ts";
import { createTestDocument, type TestDocument } from "../src/testing.ts";

// oxlint-disable typescript/no-explicit-any -- code that no type-checker has seen

const late: any = async () => {
  throw new Error("later");
};

const rejections: unknown[] = [];
const keep = (reason: unknown): void => void rejections.push(reason);

beforeAll(() => void process.on("unhandledRejection", keep));
afterAll(() => void process.off("unhandledRejection", keep));

/** After all that was rejected by now was found to have nobody who minds. */
async function settled(): Promise<readonly unknown[]> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  return rejections.splice(0);
}

function document(spec: object): TestDocument<any> {
  return createTestDocument(
    defineDocument({ space: "late", createsOnDemand: true, state: { n: t.int() }, ...spec } as any) as any,
  );
}

const go = (doc: any): unknown => doc.send("ann", "go");

describe("document code that returns a promise", () => {
  test.each<readonly [string, object, (doc: TestDocument<any>) => unknown]>([
    ["a message", { messages: (message: any) => ({ go: message(late) }) }, go],
    ["onCreate", { onCreate: late }, (doc) => doc.create("ann")],
    ["onConnect", { onConnect: late }, (doc) => doc.connect("ann")],
    ["access.create", { access: { create: late } }, (doc) => doc.create("ann")],
    ["access.send", { access: { send: late }, messages: (message: any) => ({ go: message(() => {}) }) }, go],
    [
      "a condition",
      {
        state: { rows: t.table(record({ x: t.int() })) },
        messages: (message: any) => ({
          go: message((doc: any) => {
            doc.rows.insert({ x: 1 });
            return doc.rows.where(late).count();
          }),
        }),
      },
      go,
    ],
    [
      "a computed value that a handler reads",
      { computed: { c: late }, messages: (message: any) => ({ go: message((doc: any) => void doc.c) }) },
      go,
    ],
  ])("is refused: %s", async (_what, spec, act) => {
    const doc = document(spec);
    expect(() => act(doc)).toThrow();
    expect(doc.exists).toBe(false);
    expect(await settled()).toEqual([]);
  });

  test.each<readonly [string, object]>([
    ["a view", { views: { v: late } }],
    ["a computed value", { computed: { v: late } }],
    ["a policy", { state: { n: t.int(), v: t.int().visibleTo(late) } }],
    ["a policy with the document", { state: { n: t.int(), v: t.int().visibleTo((_a, _b, _c) => late()) } }],
    ["a policy of a record", { state: { v: record({ x: t.int() }).visibleTo(late) } }],
  ])("hides, and is told to its author: %s", async (_what, spec) => {
    const doc = document(spec);
    const ann = doc.connect("ann");
    expect(ann.view).not.toHaveProperty("v");
    expect(String(doc.faults[0])).toMatch(/(policy of doc\.v|"v" of the document) failed: .* are synchronous/);
    expect(await settled()).toEqual([]);
  });

  test("fails a migration, which leaves the document as it was", async () => {
    const doc = document({});
    doc.create("ann");
    const next: any = defineDocument({ space: "late", version: 2, state: { n: t.int() }, migrate: { 1: late } } as any);
    expect(() => doc.reload(next)).toThrow();
    expect(doc.view("ann")).toEqual({ n: 0 });
    expect(await settled()).toEqual([]);
  });
});

describe("an answer that is neither true nor false", () => {
  test("hides, and is told to its author", () => {
    const doc = document({ state: { n: t.int(), v: t.int().visibleTo((): any => "yes") } });
    expect(doc.connect("ann").view).toEqual({ n: 0 });
    expect(String(doc.faults[0])).toMatch(
      /the policy of doc\.v failed: policies give true or false: this one gave string/,
    );
  });

  test("forbids", () => {
    const doc = document({ access: { connect: (): any => ({}) } });
    doc.create("ann");
    expect(() => doc.connect("ann")).toThrow(expect.objectContaining({ code: "forbidden" }));
    expect(String(doc.faults[0])).toMatch(/access rules give true or false: this one gave an object/);
  });

  test("that is like false means no, without a word", () => {
    const doc = document({ state: { n: t.int(), v: t.int().visibleTo((): any => undefined) } });
    expect(doc.connect("ann").view).toEqual({ n: 0 });
    expect(doc.faults).toEqual([]);
  });
});
