import { diffViews, type JsonObject, type ViewState } from "@tidewire/delta";
import jsonPatch from "fast-json-patch";
import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { CHANGES, changeItem, type Item, itemKey, newItem, Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

/** Longer than the interval at which a view's hash is due. */
const HASH_STEP_MS = 60_000;

/**
 * Against runtimes that do not know what changed: make the view and compare it with the last, or send it whole. They have no
 * log: so ours is compared without patches for one, and, under another name, as a host runs it, with them.
 */
export function naive(name: string, isLogged: boolean): (options: CaseOptions) => CaseFigures {
  return (options) => {
    const type = new DocumentType(sharedRecords, { isLogged });
    const open = (records: number) => {
      const document = type.open(records, new Touches(records));
      document.view(1);
      return document;
    };
    const large = shrunk(1_000, options);
    const [ours10, ours1000, hashed] = [open(10), open(large), open(large)];
    const [naive10, naive1000] = [new NaiveDocument(10, diffViews), new NaiveDocument(large, diffViews)];
    const [library10, library1000] = [new NaiveDocument(10, comparison), new NaiveDocument(large, comparison)];
    let now = 0;
    const pairs = measurePairs(
      [
        variant(`${name}.ours.10`, () => ours10.step()),
        variant(`${name}.diff.10`, () => naive10.diff()),
        variant(`${name}.library.10`, () => library10.diff()),
        variant(`${name}.ours.1000`, () => ours1000.step()),
        variant(`${name}.diff.1000`, () => naive1000.diff()),
        variant(`${name}.library.1000`, () => library1000.diff()),
        variant(`${name}.stringify.1000`, () => naive1000.stringify()),
        variant(`${name}.ours.1000.hashed`, () => {
          hashed.commit();
          hashed.takePatch();
          hashed.deliver((now += HASH_STEP_MS));
        }),
      ],
      options,
    );
    for (const document of [ours10, ours1000, hashed]) document.verify();
    return derive(pairs, (pair) => ({
      [`${name}.diff.10.ratio`]: pair[`${name}.diff.10`]! / pair[`${name}.ours.10`]!,
      [`${name}.library.10.ratio`]: pair[`${name}.library.10`]! / pair[`${name}.ours.10`]!,
      [`${name}.diff.1000.ratio`]: pair[`${name}.diff.1000`]! / pair[`${name}.ours.1000`]!,
      [`${name}.library.1000.ratio`]: pair[`${name}.library.1000`]! / pair[`${name}.ours.1000`]!,
      [`${name}.stringify.1000.ratio`]: pair[`${name}.stringify.1000`]! / pair[`${name}.ours.1000`]!,
    }));
  };
}

/** As an author would: with the library for it that is used most, and the quickest of those that are used much. */
function comparison(before: ViewState, after: ViewState): unknown {
  return jsonPatch.compare(before.value as object, after.value as object);
}

/** Plain objects, a view function that copies them, and a diff of two views. No rollback, no log. */
class NaiveDocument {
  bytes = 0;
  readonly #items = new Map<string, Item>();
  readonly #touches: Touches;
  readonly #compare: (before: ViewState, after: ViewState) => unknown;
  #last: ViewState;

  constructor(records: number, compare: (before: ViewState, after: ViewState) => unknown) {
    this.#compare = compare;
    for (let index = 0; index < records; index++) this.#items.set(itemKey(index), newItem(index));
    this.#touches = new Touches(records);
    this.#last = this.#view();
  }

  diff(): void {
    this.#change();
    const next = this.#view();
    this.bytes += Buffer.from(JSON.stringify(this.#compare(this.#last, next))).length;
    this.#last = next;
  }

  stringify(): void {
    this.#change();
    this.bytes += JSON.stringify(this.#last.value).length;
  }

  #change(): void {
    const tick = ++this.#touches.tick;
    for (let change = 0; change < CHANGES; change++) {
      changeItem(this.#items.get(this.#touches.next())!, change, tick);
    }
  }

  #view(): ViewState {
    const items: Record<string, JsonObject> = {};
    for (const [key, item] of this.#items) items[key] = { ...item };
    return { value: { items }, seq: this.#touches.tick, orders: new WeakMap() };
  }
}
