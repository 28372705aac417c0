import { describe } from "@jest/globals";
import { appendingCompliance } from "./appending.ts";
import { boundsCompliance } from "./bounds.ts";
import { closingCompliance } from "./closing.ts";
import { durabilityCompliance, installDurabilityCompliance } from "./durability.ts";
import { historyCompliance } from "./history.ts";
import { lifecycleCompliance } from "./lifecycle.ts";
import type { StartLogEngine } from "./log-engine-under-test.ts";
import { ownershipCompliance } from "./ownership.ts";
import { readOnlyCompliance } from "./read-only.ts";
import { snapshotCompliance } from "./snapshots.ts";
import { installCompliance, surveyCompliance } from "./transfer.ts";

export type { LogEngineUnderTest, StartLogEngine } from "./log-engine-under-test.ts";

/**
 * Every guarantee of the `LogEngine` port, as tests for Jest. An engine is done when they pass.
 * `start` is called once per test; an engine with `isDurable` also gets the tests that close and reopen it, one with
 * `keepsHistory` those that look back behind the newest snapshot and beyond a deletion.
 */
export function logEngineCompliance(
  subject: string,
  start: StartLogEngine,
  traits: { readonly isDurable: boolean; readonly keepsHistory: boolean },
): void {
  describe(`${subject} is a log engine`, () => {
    ownershipCompliance(start);
    appendingCompliance(start);
    snapshotCompliance(start);
    lifecycleCompliance(start);
    boundsCompliance(start);
    closingCompliance(start);
    readOnlyCompliance(start);
    historyCompliance(start, traits);
    surveyCompliance(start);
    installCompliance(start);
    if (!traits.isDurable) return;
    durabilityCompliance(start);
    installDurabilityCompliance(start);
  });
}
