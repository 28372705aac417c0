import { defineDocument, record, t } from "@tidewire/document";
import { z } from "zod";
import { CHANGES, changeItem, itemKey, newItem } from "./item.ts";
import type { Plan } from "./open-document.ts";

const fields = {
  name: t.string(),
  city: t.string(),
  note: t.string(),
  a: t.int(),
  b: t.int(),
  c: t.int(),
  d: t.int(),
  isOn: t.boolean(),
};
const Item = record(fields);
const OwnedItem = record(fields).visibleTo((item, viewer) => item.city === viewer.principal.agent);
/** The runtime cannot know that all viewers get the same answer. */
const SecretItem = record(fields).visibleTo((item, viewer) => item.city !== viewer.principal.agent);

/** No two of the first 1,024 viewers see the same of ten of them. */
const BitItem = record(fields).visibleTo((item, viewer) => ((viewerIndex(viewer.principal.agent) >> item.b) & 1) === 1);

const Range = z.strictObject({ from: z.int(), to: z.int() });

/** An error's stack is taken where it is made, and that costs more than everything a rollback does. */
const madeBefore = new Error("refused after the changes");

/** A map of records that everybody sees. */
export function sharedRecords(plan: Plan) {
  return defineDocument({
    space: "bench-shared",
    createsOnDemand: true,
    state: { items: t.map(Item) },
    messages: (message) => ({
      fill: message(Range, (doc, { from, to }) => {
        for (let index = from; index < to; index++) doc.items.set(itemKey(index), newItem(index));
      }),
      touch: message((doc) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 0; change < CHANGES; change++) changeItem(doc.items.get(touches.next())!, change, tick);
      }),
      touchTwo: message((doc) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 0; change < CHANGES; change++) {
          const item = doc.items.get(touches.next())!;
          item.a = tick;
          item.b = tick;
        }
      }),
      touchOne: message((doc) => {
        const { touches } = plan;
        changeItem(doc.items.get(touches.next())!, 0, ++touches.tick);
      }),
      throw: message((doc) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 0; change < CHANGES; change++) changeItem(doc.items.get(touches.next())!, change, tick);
        throw madeBefore;
      }),
      fail: message((doc) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 0; change < CHANGES; change++) changeItem(doc.items.get(touches.next())!, change, tick);
        throw new Error("refused after the changes");
      }),
      reject: message((doc, _arg, ctx) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 0; change < CHANGES; change++) changeItem(doc.items.get(touches.next())!, change, tick);
        return ctx.reject("after_changes");
      }),
    }),
  });
}

/** A map of records of which each viewer sees its own; `owners` viewers own all of them in turn. */
export function ownedRecords(owners: number): (plan: Plan) => unknown {
  return (plan) =>
    defineDocument({
      space: "bench-owned",
      createsOnDemand: true,
      state: { items: t.map(OwnedItem) },
      messages: (message) => ({
        fill: message(Range, (doc, { from, to }) => {
          for (let index = from; index < to; index++) {
            doc.items.set(itemKey(index), { ...newItem(index), city: ownerOf(index, owners) });
          }
        }),
        touch: message((doc) => {
          const { touches } = plan;
          const tick = ++touches.tick;
          for (let change = 0; change < CHANGES; change++) changeItem(doc.items.get(touches.next())!, change, tick);
        }),
      }),
    });
}

/** Changes that everybody sees, and one that each viewer's own policy has to be asked about. */
export function overlaidRecords(plan: Plan) {
  return defineDocument({
    space: "bench-overlaid",
    createsOnDemand: true,
    state: { items: t.map(Item), secrets: t.map(SecretItem) },
    messages: (message) => ({
      fill: message(Range, (doc, { from, to }) => {
        for (let index = from; index < to; index++) {
          doc.items.set(itemKey(index), newItem(index));
          doc.secrets.set(itemKey(index), newItem(index));
        }
      }),
      touch: message((doc) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 0; change < CHANGES; change++) {
          const items = change === 0 ? doc.secrets : doc.items;
          changeItem(items.get(touches.next())!, change, tick);
        }
      }),
    }),
  });
}

/** How many changes of a message of `apartRecords` each viewer sees others of than any other. */
export const APART = 10;

/** As `overlaidRecords`, but of what policies decide on each viewer sees something else. */
export function apartRecords(plan: Plan) {
  return defineDocument({
    space: "bench-apart",
    createsOnDemand: true,
    state: { items: t.map(Item), secrets: t.map(BitItem) },
    messages: (message) => ({
      fill: message(Range, (doc, { from, to }) => {
        for (let index = from; index < to; index++) doc.items.set(itemKey(index), newItem(index));
        for (let bit = 0; bit < APART; bit++) doc.secrets.set(itemKey(bit), { ...newItem(bit), b: bit });
      }),
      touch: message((doc) => {
        const { touches } = plan;
        const tick = ++touches.tick;
        for (let change = 1; change < CHANGES; change++) changeItem(doc.items.get(touches.next())!, change, tick);
        for (let bit = 0; bit < APART; bit++) changeItem(doc.secrets.get(itemKey(bit))!, 0, tick);
      }),
    }),
  });
}

function viewerIndex(agent: string): number {
  return Number(agent.slice("viewer".length));
}

export function ownerOf(index: number, owners: number): string {
  return `viewer${index % owners}`;
}
