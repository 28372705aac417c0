import { asciiBytes, type Label } from "../encode/json-writer.ts";

/** A computed value or view of a document type: a place in its root that a function fills. */
export interface ViewSlot {
  readonly index: number;
  readonly name: string;
  readonly label: Label;
  // oxlint-disable-next-line typescript/no-explicit-any -- the author's types are gone here
  readonly evaluate: (doc: any, viewer: any, viewState: any) => unknown;
}

export function viewSlot(index: number, name: string, evaluate: ViewSlot["evaluate"]): ViewSlot {
  return { index, name, label: asciiBytes(`"${name}":`), evaluate };
}
