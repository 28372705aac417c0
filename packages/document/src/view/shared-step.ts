import type { JsonWriter } from "../encode/json-writer.ts";
import { LimitError } from "../state/limit-error.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType } from "../state/record-type.ts";
import type { ViewedDocument } from "./document-views.ts";
import { openLens } from "./lens.ts";
import { QuietScan } from "./quiet-scan.ts";
import { BeyondHorizon, StateWalk } from "./state-walk.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

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
}

/**
 * A step from one seq to now, for many classes of viewers that differ: what they have in common is found and written once.
 */
export class SharedStep {
  readonly from: number;
  /** What has changed in what viewers may differ in. */
  readonly scan: QuietScan;
  /** Viewers for whom the common part is all there is. */
  readonly viewers: ViewerHandle[] = [];
  readonly #root: RecordNode;
  readonly #parts: RootParts;
  readonly #out: JsonWriter;
  #part: SharedPart | "beyond" | undefined;

  constructor({ state, schema, sharedWriter, guardReads }: ViewedDocument, from: number) {
    this.from = from;
    this.#root = state.root;
    this.#parts = schema.rootParts;
    this.#out = sharedWriter;
    this.scan = new QuietScan(state.root, schema.rootParts.own, from, guardReads);
  }

  /** `"beyond"`: too much has been forgotten for a delta from there. */
  get part(): SharedPart | "beyond" {
    return (this.#part ??= this.#write());
  }

  #write(): SharedPart | "beyond" {
    const out = this.#out;
    const walk = new StateWalk(out, openLens);
    out.position = 0;
    try {
      for (const field of this.#parts.shared) walk.deltaField(this.#root, field, this.from);
    } catch (thrown) {
      // What is too large for a view is for each class to find: their views are of different sizes.
      if (thrown instanceof BeyondHorizon || thrown instanceof LimitError) return "beyond";
      throw thrown;
    }
    return { json: out.take(), newest: walk.newest };
  }
}
