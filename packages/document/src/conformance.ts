import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Random } from "@tidewire/foundation";
import type { DocumentTable, TableRow } from "./author/containers.ts";
import type { DocumentContext } from "./author/context.ts";
import { defineDocument } from "./author/define-document.ts";
import type { InsertOf, RecordOf } from "./author/infer.ts";
import { record } from "./author/record.ts";
import { t } from "./author/t.ts";

const textMaxBytes = 64 * 1024;
const dayMs = 86_400_000;

/** Whoever holds the card; whoever else may see it is decided by `secret` and `revealed`. */
const Card = record({
  holder: t.string(512),
  rank: t.int(),
  face: t.string(65_536).optional(),
  isSecret: t.boolean().default(false).private(),
  isRevealed: t.boolean().default(false).private(),
})
  .visibleTo((card, viewer) => isVisible(card, viewer.principal.agent))
  .visibleFields({ face: (card, viewer) => card.isRevealed || card.holder === viewer.principal.agent });

function isVisible(
  card: { readonly isSecret: boolean; readonly isRevealed: boolean; readonly holder: string },
  agent: string,
): boolean {
  return !card.isSecret || card.isRevealed || card.holder === agent;
}

/** No argument, or an empty one. */
const nothing = record({}).optional();
const cardId = record({ id: t.string(32) });

type Refined<Schema extends StandardSchemaV1> = StandardSchemaV1<
  StandardSchemaV1.InferInput<Schema>,
  StandardSchemaV1.InferOutput<Schema>
>;

/** `schema` and a condition on what it lets through. */
function refined<Schema extends StandardSchemaV1>(
  schema: Schema,
  message: string,
  isAllowed: (value: StandardSchemaV1.InferOutput<Schema>) => boolean,
): Refined<Schema> {
  return {
    "~standard": {
      version: 1,
      vendor: "tidewire",
      validate(value) {
        const result = schema["~standard"].validate(value) as StandardSchemaV1.Result<
          StandardSchemaV1.InferOutput<Schema>
        >;
        return result.issues !== undefined || isAllowed(result.value) ? result : { issues: [{ message }] };
      },
    },
  };
}

/** UTF-8 bytes of a text. */
function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function isMapKey({ k }: { readonly k: string }): boolean {
  return k.length > 0 && !k.startsWith("@");
}

const keyRule = "k has 1 to 512 characters and does not begin with @";
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

function freshText(length: number, random: Random): string {
  let text = "";
  while (text.length < length) {
    // Five letters of six bits from each 32.
    let bits = random.bits();
    for (let count = 0; count < 5; count++, bits >>>= 6) text += letters[bits & 63];
  }
  return text.slice(0, length);
}

/** The document of PROTOCOL.md section 7: known behaviour for clients in any language to be tested against. */
export const conformanceDocument = defineDocument({
  space: "conformance",
  createsOnDemand: true,
  createArg: record({ value: t.int().optional() }).optional(),
  state: {
    value: t.int(),
    text: t.string(textMaxBytes),
    counts: t.map(t.int()),
    cards: t.table(Card),
    blob: t.map(t.string(1024 * 1024)),
    fired: t.list(t.string(512)),
  },
  views: {
    hand: (doc, viewer) => doc.cards.where({ holder: viewer.principal.agent }).orderBy("rank"),
    mine: (doc, viewer) => doc.cards.where({ holder: viewer.principal.agent }).count(),
    present: (doc) => doc.presence.agents,
  },
  access: {
    create: ({ agent }) => agent !== "blocked",
    connect: ({ agent }) => agent !== "blocked",
  },
  onCreate(doc, arg: { value?: number } | undefined) {
    doc.value = arg?.value ?? 0;
  },
  timers: {
    fire: (doc, label: string) => void doc.fired.push(label),
  },
  messages: (message) => ({
    add: message(record({ by: t.int() }), (doc, { by }, ctx) => {
      const { agent } = ctx.principal;
      const value = doc.value + by;
      const count = (doc.counts.get(agent) ?? 0) + by;
      if (!Number.isSafeInteger(value) || !Number.isSafeInteger(count)) return ctx.reject("out_of_range");
      doc.value = value;
      if (by !== 0) doc.counts.set(agent, count);
      return { value };
    }),
    set: message(
      refined(record({ text: t.string(textMaxBytes) }), "text has at most 64 KiB", ({ text }) => {
        return bytesOf(text) <= textMaxBytes;
      }),
      (doc, { text }) => {
        doc.text = text;
      },
    ),
    deal: message(
      record({
        holder: t.string(512),
        rank: t.int(),
        face: t.string(65_536).optional(),
        secret: t.boolean().optional(),
      }),
      (doc, { holder, rank, face, secret }) => {
        const card = doc.cards.insert({ holder, rank, face, isSecret: secret === true });
        return { id: card.id };
      },
    ),
    take: message(cardId, (doc, { id }, ctx) => {
      const card = visibleCard(doc, id, ctx);
      card.holder = ctx.principal.agent;
      card.isRevealed = false;
    }),
    reveal: message(cardId, (doc, { id }, ctx) => {
      visibleCard(doc, id, ctx).isRevealed = true;
    }),
    conceal: message(cardId, (doc, { id }, ctx) => {
      visibleCard(doc, id, ctx).isRevealed = false;
    }),
    drop: message(cardId, (doc, { id }, ctx) => {
      doc.cards.delete(visibleCard(doc, id, ctx).id);
    }),
    move: message(record({ id: t.string(32), before: t.string(32).optional() }), (doc, { id, before }, ctx) => {
      const card = visibleCard(doc, id, ctx);
      doc.cards.move(card.id, before === undefined ? undefined : visibleCard(doc, before, ctx).id);
    }),
    redeal: message(
      record({ id: t.string(32), holder: t.string(512), rank: t.int() }),
      (doc, { id, holder, rank }, ctx) => {
        const { isSecret } = visibleCard(doc, id, ctx);
        doc.cards.delete(id);
        doc.cards.insert({ holder, rank, isSecret }, { id });
      },
    ),
    put: message(
      refined(record({ k: t.string(512), v: t.string(1024 * 1024) }), keyRule, isMapKey),
      (doc, { k, v }) => {
        doc.blob.set(k, v);
      },
    ),
    remove: message(refined(record({ k: t.string(512) }), keyRule, isMapKey), (doc, { k }) => {
      doc.blob.delete(k);
    }),
    bulk: message(
      record({ n: t.int().min(1).max(2_000), bytes: t.int().min(1).max(4_096) }),
      (doc, { n, bytes }, ctx) => {
        for (let index = 0; index < n; index++) doc.blob.set(`k${index}`, freshText(bytes, ctx.random));
      },
    ),
    fail: message(record({ code: t.string(128) }), (doc, { code }, ctx) => {
      doc.value += 1;
      ctx.reject(code);
    }),
    throw: message(nothing, (doc) => {
      doc.value += 1;
      throw new Error("the conformance document was told to throw");
    }),
    spin: message(nothing, (doc) => {
      for (;;) doc.value += 1;
    }),
    after: message(record({ ms: t.int().min(0).max(dayMs), label: t.string(512) }), (_doc, { ms, label }, ctx) => {
      ctx.after(ms, "fire", label);
    }),
    whoami: message(nothing, (_doc, _arg, { principal: { agent, authority } }) => ({ agent, authority })),
  }),
});

interface CardTable {
  readonly cards: DocumentTable<RecordOf<(typeof Card)["fields"]>, InsertOf<(typeof Card)["fields"]>>;
}

/** A card that does not exist and one that the caller does not see are refused alike. */
function visibleCard(doc: CardTable, id: string, ctx: DocumentContext): TableRow<RecordOf<(typeof Card)["fields"]>> {
  const card = doc.cards.get(id);
  if (card === undefined || !isVisible(card, ctx.principal.agent)) return ctx.reject("no_such_card");
  return card;
}
