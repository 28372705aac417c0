import { LimitError } from "../state/limit-error.ts";
import type { FieldType } from "../state/record-type.ts";
import type { ViewedDocument } from "./document-views.ts";
import { openLens } from "./lens.ts";
import { writeAlike } from "./logged-part.ts";
import { QuietScan } from "./quiet-scan.ts";
import { SharedTellings } from "./shared-tellings.ts";
import { BeyondHorizon, StateWalk } from "./state-walk.ts";

/** What everybody is told alike. */
export interface SharedPart {
  /** Fields of the root, without braces; empty if nothing of it has changed. */
  readonly json: Uint8Array;
  readonly newest: number;
}

/** Fields of the root, by whether every viewer sees the same in them. */
export interface RootParts {
  readonly shared: readonly FieldType[];
  readonly own: readonly FieldType[];
  /** Of the shared ones those that the log writes with the same bytes, and the others. */
  readonly logged: readonly FieldType[];
  readonly notLogged: readonly FieldType[];
  /** All that the log writes in its own way. */
  readonly logOnly: readonly FieldType[];
}

/**
 * A step from one seq to now, for many classes of viewers that differ: what they have in common is found and written once.
 */
export class SharedStep {
  readonly from: number;
  /** What has changed in what viewers may differ in. */
  readonly scan: QuietScan;
  readonly tellings: SharedTellings;
  readonly #document: ViewedDocument;
  #part: SharedPart | "beyond" | undefined;

  constructor(document: ViewedDocument, from: number) {
    const { state, schema, guardReads } = document;
    this.#document = document;
    this.from = from;
    this.tellings = new SharedTellings(document, this);
    this.scan = new QuietScan(state.root, schema.rootParts.own, from, guardReads);
  }

  /** `"beyond"`: too much has been forgotten for a delta from there. */
  get part(): SharedPart | "beyond" {
    return (this.#part ??= this.#write());
  }

  #write(): SharedPart | "beyond" {
    const out = this.#document.sharedWriter;
    const walk = new StateWalk(out, openLens);
    out.begin();
    try {
      writeAlike(this.#document, walk, this.from);
      return { json: out.take(), newest: walk.newest };
    } catch (thrown) {
      // What is too large for a view is for each class to find: their views are of different sizes.
      if (thrown instanceof BeyondHorizon || thrown instanceof LimitError) return "beyond";
      throw thrown;
    }
  }
}
