import type { ClassTable } from "./class-table.ts";
import type { Cohort } from "./cohort.ts";
import type { ViewedDocument } from "./document-views.ts";
import type { SharedSteps } from "./shared-steps.ts";
import type { ViewClass } from "./view-class.ts";

/** The classes to look at, if what has changed says for all others that they have nothing to be told. */
export function touchedClasses(
  { state, tick, schema, holders }: ViewedDocument,
  classes: ClassTable,
  shared: SharedSteps,
  cohort: Cohort,
): Iterable<ViewClass> | undefined {
  if (classes.size === 1) return undefined;
  if (!classes.isFinal || tick !== cohort.tick || schema.hasWideGuards || schema.slots.length > 0) return undefined;
  const touched = new Set(classes.restless);
  if (cohort.seq === state.root.$stamp) return touched;
  const step = shared.from(cohort.seq);
  if (step === undefined || !step.scan.canBeQuiet) return undefined;
  const { part } = step;
  if (part === "beyond" || part.json.length > 0) return undefined;
  return step.scan.addHolders(holders, touched) ? touched : undefined;
}
