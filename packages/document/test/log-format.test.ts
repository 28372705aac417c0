import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { defineDocument, record, t } from "../src/index.ts";
import { Bench, messageOf, principalOf } from "./bench.ts";

// The records of FORMAT.md, as the first host wrote them. `DOCUMENT_GOLDEN=write` writes the file anew: only for additions,
// because what stands in it is in the logs of running systems.

const file = new URL("./golden/log-records.json", import.meta.url);

interface Golden {
  readonly name: string;
  readonly record: unknown;
}

const Card = record({
  face: t.string().optional(),
  isOpen: t.boolean().default(false),
  owner: t.principal(),
}).visibleTo((card, viewer) => card.isOpen || card.owner === viewer.principal);

const game = defineDocument({
  space: "golden",
  version: 3,
  state: {
    cards: t.table(Card),
    scores: t.map(t.int()),
    tags: t.list(t.string()),
    table: record({ extra: t.json().optional(), round: t.int() }),
    seed: t.int().private(),
  },
  onConnect: () => {},
  timers: { ring: () => {} },
  messages: (message) => ({
    deal: message(z.object({ face: z.string() }), (doc, { face }, ctx) => {
      return { id: doc.cards.insert({ face, owner: ctx.principal }).id };
    }),
    open: message(z.string(), (doc, id) => void (doc.cards.get(id)!.isOpen = true)),
    close: message(z.string(), (doc, id) => void (doc.cards.get(id)!.isOpen = false)),
    drop: message(z.string(), (doc, id) => void doc.cards.delete(id)),
    front: message(z.string(), (doc, id) => doc.cards.move(id, doc.cards.first()!.id)),
    score: message((doc, _arg, ctx) => void doc.scores.set(ctx.principal.agent, 1 + (doc.scores.get("ann") ?? 0))),
    forget: message((doc, _arg, ctx) => void doc.scores.delete(ctx.principal.agent)),
    round: message((doc) => {
      doc.table.round++;
      doc.table.extra = { note: 'a "quoted" text \u2713' };
      doc.tags.push("round");
    }),
    seed: message((doc, _arg, ctx) => void (doc.seed = ctx.random.below(100))),
    ring: message((_doc, _arg, ctx) => void ctx.after("5s", "ring", { loud: true })),
    nothing: message(() => {}),
  }),
});

/** A document's life, and the records it leaves. */
function live(): { readonly bench: Bench; readonly records: readonly Golden[] } {
  const bench = new Bench(game);
  const records: Golden[] = [];
  const decoder = new TextDecoder();
  const keep = (name: string, data: Uint8Array): number =>
    records.push({ name, record: JSON.parse(decoder.decode(data)) });
  const batch = (name: string, ...commands: Parameters<typeof bench.instance.execute>[0][]): void => {
    for (const command of commands) {
      const outcome = bench.instance.execute(command, bench.now);
      if (outcome.status === "refused") throw outcome.error;
    }
    const patch = bench.instance.takePatch()!;
    keep(name, patch.data);
    bench.stored = {
      ...bench.stored,
      seq: patch.toSeq,
      isDeleted: patch.deletes,
      patches: patch.deletes ? [] : [...bench.stored.patches, patch.data],
    };
  };
  batch("creation", { kind: "create", principal: principalOf("ann"), marker: "m1" });
  batch("records of a table", messageOf("ann", "deal", { face: "A" }, "m2"), messageOf("bob", "deal", { face: "B" }));
  batch("scalars, a list, JSON, a nested record", messageOf("ann", "round"));
  batch(
    "a map and its key removed in one batch",
    messageOf("ann", "score"),
    messageOf("bob", "score"),
    messageOf("bob", "forget"),
  );
  batch("a move", messageOf("ann", "front", "2"));
  batch(
    "a guarded record shown, hidden, removed, and what else happened",
    messageOf("ann", "open", "1"),
    messageOf("ann", "close", "1"),
    messageOf("ann", "drop", "1"),
    messageOf("ann", "score"),
  );
  batch("a timer", messageOf("ann", "ring"));
  batch("random numbers and a private field", messageOf("ann", "seed"));
  batch("a connection", { kind: "connect", principal: principalOf("bob") });
  batch("a marker alone", messageOf("ann", "nothing", undefined, "m3"));
  batch(
    "two more that few see",
    messageOf("bob", "deal", { face: "C" }),
    messageOf("bob", "open", "3"),
    messageOf("bob", "close", "3"),
  );
  batch("a removal that few see", messageOf("bob", "drop", "2"));
  keep("snapshot", bench.instance.snapshot());
  // A document with the same history, because this one is looked at further on.
  const gone = new Bench(game);
  gone.stored = bench.stored;
  gone.reopen();
  gone.instance.execute({ kind: "delete", principal: principalOf("ann") }, bench.now);
  keep("deletion", gone.instance.takePatch()!.data);
  return { bench, records };
}

describe("records of the log", () => {
  const lived = live();
  if (process.env["DOCUMENT_GOLDEN"] === "write") writeFileSync(file, `${JSON.stringify(lived.records, null, 2)}\n`);
  const golden = JSON.parse(readFileSync(file, "utf8")) as Golden[];

  test.each(golden.map((each) => [each.name, each] as const))(
    "%s: is written as ever",
    (name, { record: expected }) => {
      expect(lived.records.find((each) => each.name === name)?.record).toEqual(expected);
    },
  );

  const encoded = (each: Golden): Uint8Array => new TextEncoder().encode(JSON.stringify(each.record));
  const snapshotOf = (bench: Bench): unknown => JSON.parse(new TextDecoder().decode(bench.instance.snapshot()));

  const snapshot = golden.find(({ name }) => name === "snapshot")!;
  const patchesOf = golden.slice(0, golden.indexOf(snapshot));

  test("the deletion is read as ever", () => {
    const bench = new Bench(game);
    bench.stored = { seq: 21, isDeleted: true, patches: [], deletion: encoded(golden.at(-1)!) };
    bench.reopen();
    const creation = { kind: "create", principal: principalOf("ann"), marker: "m1" } as const;
    expect(bench.execute(creation)).toMatchObject({ seq: 1, isReplay: true });
  });

  test("the patches are read as ever", () => {
    const bench = new Bench(game);
    const patches = patchesOf.map(encoded);
    bench.stored = { ...lived.bench.stored, patches };
    bench.reopen();
    expect(snapshotOf(bench)).toEqual(snapshot.record);
  });

  test("the snapshot is read as ever", () => {
    const bench = new Bench(game);
    bench.stored = { ...lived.bench.stored, snapshot: encoded(snapshot), patches: [] };
    bench.reopen();
    expect(snapshotOf(bench)).toEqual(snapshot.record);
    expect(bench.instance.wakeAt).toBe(bench.now + 5_000);
    expect(bench.instance.connected).toEqual([principalOf("bob")]);
  });

  test("records without stamps, as they once were, are read too", () => {
    const bench = new Bench(game);
    const patches = patchesOf.map(({ name, record: written }) => {
      const { stamps: _stamps, stampSeq: _stampSeq, ...rest } = written as Record<string, unknown>;
      return encoded({ name, record: rest });
    });
    bench.stored = { ...lived.bench.stored, patches };
    bench.reopen();
    expect(bench.get("bob").view).toEqual(lived.bench.get("bob").view);
  });
});
