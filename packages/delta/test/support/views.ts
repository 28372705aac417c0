import * as fc from "fast-check";
import { emptyView, type JsonObject, type JsonValue, snapshotOf, type ViewState, viewOf } from "../../src/index.ts";

/** A view as a test writes it: keyed lists are `list([key, element], ...)`, everything else is itself. */
export class KeyedList {
  readonly entries: readonly (readonly [string, Model])[];

  constructor(entries: readonly (readonly [string, Model])[]) {
    this.entries = entries;
  }
}

export type Model = boolean | number | string | readonly Model[] | KeyedList | ModelObject;

/** Fields as a map, so that `__proto__` needs no care here. */
export type ModelObject = ReadonlyMap<string, Model>;

export function list(...entries: (readonly [string, Model])[]): KeyedList {
  return new KeyedList(entries);
}

export function object(fields: Record<string, Model>): ModelObject {
  return new Map(Object.entries(fields));
}

export function viewFrom(model: ModelObject, seq: number): ViewState {
  const keys = new Map<readonly JsonValue[], readonly string[]>();
  const build = (model: Model): JsonValue => {
    if (model instanceof KeyedList) {
      const elements = model.entries.map(([, element]) => build(element));
      keys.set(
        elements,
        model.entries.map(([key]) => key),
      );
      return elements;
    }
    if (model instanceof Map) return Object.fromEntries([...model].map(([key, child]) => [key, build(child)]));
    if (Array.isArray(model)) return model.map(build);
    return model as JsonValue;
  };
  return viewOf(build(model) as JsonObject, seq, (array) => keys.get(array));
}

/** What tells two views apart: their snapshot, in which keyed lists, arrays and objects look different. */
export function fingerprint(view: ViewState): string {
  return JSON.stringify(sorted(snapshotOf(view)));
}

function sorted(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .map(([key, child]) => [key, sorted(child)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

export function jsonSize(value: JsonValue): number {
  return JSON.stringify(value).length;
}

// Few names, so that views of one chain meet at the same places with different things; the nasty ones among them.
export const fieldName = fc.constantFrom("a", "b", "c", "1", "02", "__proto__", "constructor", "toString", "");
export const elementKey = fc.constantFrom("1", "2", "3", "4", "5", "6", "__proto__", "constructor", "");

const scalar = fc.oneof(
  fc.constantFrom(true, false, 0, 1, -1, 0.5, "", "x", "é", "𝄞"),
  fc.integer({ min: -3, max: 3 }),
);

export const { modelObject } = fc.letrec<{ modelObject: ModelObject; model: Model; keyedList: KeyedList }>((tie) => ({
  modelObject: fc
    .uniqueArray(fc.tuple(fieldName, tie("model")), { maxLength: 5, selector: ([key]) => key })
    .map((entries) => new Map(entries)),
  keyedList: fc
    .uniqueArray(fc.tuple(elementKey, fc.oneof(tie("modelObject"), tie("modelObject"), scalar)), {
      maxLength: 7,
      selector: ([key]) => key,
    })
    .map((entries) => new KeyedList(entries)),
  model: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(scalar, { maxLength: 4 }),
    tie("keyedList"),
    tie("keyedList"),
    tie("modelObject"),
  ),
}));

/** Views that follow one another, with seqs that grow or stay. */
export function viewChain(length: number): fc.Arbitrary<ViewState[]> {
  return fc
    .array(fc.tuple(modelObject, fc.integer({ min: 0, max: 2 })), { minLength: length, maxLength: length })
    .map((steps) => {
      let seq = 1;
      return steps.map(([model, growth]) => {
        seq += growth;
        return viewFrom(model, seq);
      });
    });
}

export const nothing: ViewState = emptyView();
