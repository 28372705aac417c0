import type { ClassKey } from "./class-keys.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { ClassTable } from "./class-table.ts";
import type { ViewedDocument } from "./document-views.ts";
import type { FoundHolders } from "./holder-index.ts";
import type { SharedSteps } from "./shared-steps.ts";
import { ViewClass } from "./view-class.ts";

/** The classes to look at, if what has changed says for all others that they have nothing to be told. */
export function touchedClasses(
  { state, tick, schema, holders }: ViewedDocument,
  classes: ClassTable,
  shared: SharedSteps,
): Iterable<ViewClass> | undefined {
  if (classes.size === 1) return undefined;
  const { cohort } = classes;
  if (!classes.isFinal || tick !== cohort.tick || schema.hasWideGuards || schema.slots.length > 0) return undefined;
  const touched = new Set(classes.restless);
  if (cohort.seq === state.root.$stamp) return touched;
  const step = shared.from(cohort.seq);
  if (step === undefined || !step.scan.canBeQuiet) return undefined;
  const { part } = step;
  if (part === "beyond" || part.json.length > 0) return undefined;
  return step.scan.addHolders(holders, new Holders(classes, touched)) ? touched : undefined;
}

class Holders implements FoundHolders {
  readonly #classes: ClassTable;
  readonly #touched: Set<ViewClass>;

  constructor(classes: ClassTable, touched: Set<ViewClass>) {
    this.#classes = classes;
    this.#touched = touched;
  }

  add(holder: ClassPolicies | ClassKey): ViewClass | undefined {
    const viewClass = holder instanceof ViewClass ? holder : this.#classes.known(holder as ClassKey);
    if (viewClass !== undefined) this.#touched.add(viewClass);
    return viewClass;
  }
}
