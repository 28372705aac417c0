import { describe, expect, test } from "@jest/globals";
import {
  type DocumentContext,
  type DocumentOf,
  defineDocument,
  message,
  type RecordOf,
  record,
  t,
} from "../src/index.ts";
import { createTestDocument, Rejected } from "../src/testing.ts";

const state = {
  steps: t.list(t.string()),
  items: t.table(record({ kind: t.string() })).index("kind"),
};
type Doc = DocumentOf<typeof state>;

/** A handler is a function: others may call it, with the same document and context. */
function add(doc: RecordOf<typeof state>, kind: string, ctx: DocumentContext): number {
  doc.items.insert({ kind });
  ctx.after("1h", "ring");
  if (kind === "bad") throw new Error("bad kind");
  if (kind === "refused") ctx.reject("refused", { kind });
  return doc.items.where({ kind }).count();
}

const definition = defineDocument({
  space: "nested",
  createsOnDemand: true,
  state,
  timers: { ring: (doc) => void doc.steps.push("rang") },
  messages: {
    add: message(t.string(), add),
    twice: message(t.string(), (doc: Doc, kind: string, ctx) => [add(doc, kind, ctx), add(doc, kind, ctx)]),
    anyway: message(t.string(), (doc: Doc, kind: string, ctx) => {
      doc.steps.push("before");
      try {
        add(doc, kind, ctx);
      } catch {
        doc.steps.push("caught");
      }
      return doc.items.size;
    }),
  },
});

describe("handlers that call handlers", () => {
  const begin = () => createTestDocument(definition);

  test("are one transaction, and read what the inner one wrote", () => {
    const document = begin();
    expect(document.send("ann", "twice", "x")).toEqual([1, 2]);
    expect(document.seq).toBe(1);
  });

  test("are undone as a whole when the inner one throws", () => {
    const document = begin();
    document.send("ann", "add", "x");
    expect(() => document.send("ann", "twice", "bad")).toThrow(Rejected);
    expect(document.view("ann").items).toHaveLength(1);
    document.advance(2 * 3_600_000);
    // The timer of the first message alone.
    expect(document.view("ann").steps).toEqual(["rang"]);
  });

  test("keep what the inner one did before it threw, when the outer one catches", () => {
    const document = begin();
    expect(document.send("ann", "anyway", "bad")).toBe(1);
    expect(document.view("ann").steps).toEqual(["before", "caught"]);
  });

  test("are undone when the inner one rejected, even if the outer one catches", () => {
    const document = begin();
    document.send("ann", "add", "x");
    expect(() => document.send("ann", "anyway", "refused")).toThrow(expect.objectContaining({ code: "refused" }));
    expect(document.view("ann")).toMatchObject({ steps: [], items: [{ kind: "x" }] });
  });

  test("cannot go around the transaction through the document they run in", () => {
    let again = (): void => {};
    const document = createTestDocument(
      defineDocument({
        space: "reentrant",
        createsOnDemand: true,
        state: { count: t.int() },
        messages: (message) => ({
          outer: message((doc) => {
            doc.count++;
            again();
          }),
        }),
      }),
    );
    again = () => void document.view("ann");
    expect(() => document.send("ann", "outer")).toThrow(Rejected);
    expect((document.faults[0] as Error).message).toMatch(/not taken as a patch|calls its own instance/);
    again = () => {};
    document.send("ann", "outer");
    expect(document.view("ann").count).toBe(1);
  });
});
