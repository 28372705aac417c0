import type { ServiceError } from "@tidewire/foundation";
import { z } from "zod";
import { type CommandOutcome, type DocumentLimits, defineDocument, message, record, t } from "../src/index.ts";
import { Bench, reasonOf } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

export type Handler = (doc: any, ctx: any) => unknown;

const Row = record({
  n: t.int(),
  text: t.string(5),
  kind: t.enum("a", "b").default("b"),
  by: t.principal().optional(),
  inner: record({ x: t.number().min(0).max(9) }).optional(),
});

export function begin(limits: Partial<DocumentLimits> = {}) {
  const works: Handler[] = [];
  const bench = new Bench(
    defineDocument({
      space: "handlers",
      createsOnDemand: true,
      state: {
        rows: t.table(Row),
        map: t.map(t.int()),
        rowMap: t.map(Row),
        list: t.list(t.string(5)),
        json: t.json().optional(),
        when: t.timestamp(),
        on: t.boolean(),
        point: record({ x: t.int(), y: t.int().default(7) }),
        maybe: record({ x: t.int() }).optional(),
      },
      computed: { total: (doc) => doc.rows.toArray().reduce((sum, { n }) => sum + n, 0) },
      timers: {
        push: (doc, text: string) => void doc.list.push(text),
        fail: (doc) => {
          doc.list.push("no");
          throw new Error("timer fails");
        },
      },
      messages: {
        run: message(t.int(), (doc, work, ctx) => works[work]!(doc, ctx)),
        strict: message(
          z.strictObject({ n: z.int(), deep: z.object({ list: z.array(z.string()) }).optional() }),
          (_doc, arg) => arg,
        ),
        later: message(
          z.string().refine(async () => await Promise.resolve(true)),
          () => 1,
        ),
      },
    }),
    limits,
  );
  const attempt = (work: Handler): CommandOutcome => bench.send("ann", "run", works.push(work) - 1);
  const run = (work: Handler): any => {
    const outcome = attempt(work);
    if (outcome.status === "refused") throw reasonOf(outcome.error);
    return outcome.value === undefined ? undefined : JSON.parse(outcome.value);
  };
  return { bench, run, attempt };
}

export function refusal(outcome: CommandOutcome): ServiceError {
  if (outcome.status === "done") throw new Error("expected a refusal");
  return outcome.error;
}
