import { defineDocument, record, t } from "@tidewire/document";
import { z } from "zod";

/** What one of the two participants may see: what the other one passed last. */
const Inbox = record({
  owner: t.principal(),
  operation: t.int(),
  text: t.string(),
}).visibleTo((inbox, viewer) => inbox.owner === viewer.principal);

const ALPHABET = "abcdefghijklmnopqrstuvwxyz012345";

/** Text of that length, different for operations that follow each other, so that every one of them is a change. */
function textOf(operation: number, length: number): string {
  const at = operation % ALPHABET.length;
  return (ALPHABET.slice(at) + ALPHABET.slice(0, at)).repeat(Math.ceil(length / ALPHABET.length)).slice(0, length);
}

/** Lengths that make the answer and the delta about 365 B on the link. */
export const ANSWER_TEXT_LENGTH = 340;
export const DELTA_TEXT_LENGTH = 280;

/** Two participants: what one passes is seen by the other alone, so that every message is one answer and one delta. */
export const relay = defineDocument({
  space: "bench-relay",
  version: 1,
  state: { inboxes: t.table(Inbox) },
  onCreate(doc, arg: { readonly agents: readonly string[] }) {
    for (const agent of arg.agents) doc.inboxes.insert({ owner: { agent, authority: "dev" }, operation: 0, text: "" });
  },
  messages: (message) => ({
    pass: message(z.strictObject({ operation: z.int(), text: z.string() }), (doc, { operation }, ctx) => {
      for (const inbox of doc.inboxes) {
        if (inbox.owner === ctx.principal) continue;
        inbox.operation = operation;
        inbox.text = textOf(operation, DELTA_TEXT_LENGTH);
      }
      return { text: textOf(operation + 1, ANSWER_TEXT_LENGTH) };
    }),
  }),
});
