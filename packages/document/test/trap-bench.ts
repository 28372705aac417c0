import { defineDocument, message, record, t } from "../src/index.ts";
import { Bench, type FakeClient, reasonOf } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

export type Handler = (doc: any, arg: any, ctx: any) => unknown;

export const Note = record({
  owner: t.string(),
  text: t.string(),
  open: t.boolean(),
  extra: t.string().optional(),
  secret: t
    .string()
    .optional()
    .visibleTo((note, viewer) => note.owner === viewer.principal.agent),
});
export const GuardedNote = Note.visibleTo(
  (note, viewer, doc) => note.open || doc.phase === "over" || note.owner === viewer.principal.agent,
);

/** A document that does to itself what each message says. */
export function begin(
  options: { limits?: object; views?: object } = {},
): Bench & { run(work: Handler, agent?: string): any } {
  const works: Handler[] = [];
  const definition = defineDocument({
    space: "traps",
    createsOnDemand: true,
    state: {
      phase: t.enum("play", "over"),
      plain: t.table(Note),
      guarded: t.table(GuardedNote),
      byName: t.map(GuardedNote),
      numbers: t.map(t.int()),
      list: t.list(t.string()),
      json: t.json().optional(),
      count: t.int(),
      hidden: t.int().private(),
    },
    views: (options.views ?? {}) as Record<string, (doc: any, viewer: any) => unknown>,
    timers: { later: () => {} },
    messages: {
      run: message(record({ work: t.int() }), (doc, { work }, ctx) => void works[work]!(doc, undefined, ctx)),
    },
  });
  const bench = new Bench(definition, options.limits);
  return Object.assign(bench, {
    run(work: Handler, agent = "ann"): any {
      works.push(work);
      const outcome = bench.send(agent, "run", { work: works.length - 1 });
      if (outcome.status === "refused") throw reasonOf(outcome.error);
      return outcome;
    },
  });
}

export const note = (owner: string, text: string, rest: object = {}): object => ({ owner, text, open: false, ...rest });

export function sees(client: FakeClient, field: string): string[] {
  return (client.view[field] as { text: string }[]).map(({ text }) => text);
}
