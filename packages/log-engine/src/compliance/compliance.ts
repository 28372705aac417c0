import { describe } from "@jest/globals";
import { appendingCompliance } from "./appending.ts";
import { boundsCompliance } from "./bounds.ts";
import { closingCompliance } from "./closing.ts";
import { durabilityCompliance } from "./durability.ts";
import { lifecycleCompliance } from "./lifecycle.ts";
import type { StartLogEngine } from "./log-engine-under-test.ts";
import { ownershipCompliance } from "./ownership.ts";
import { snapshotCompliance } from "./snapshots.ts";

export type { LogEngineUnderTest, StartLogEngine } from "./log-engine-under-test.ts";

/**
 * Every guarantee of the `LogEngine` port, as tests for Jest. An engine is done when they pass.
 * `start` is called once per test; an engine with `isDurable` also gets the tests that close and reopen it.
 */
export function logEngineCompliance(
  subject: string,
  start: StartLogEngine,
  traits: { readonly isDurable: boolean },
): void {
  describe(`${subject} is a log engine`, () => {
    ownershipCompliance(start);
    appendingCompliance(start);
    snapshotCompliance(start);
    lifecycleCompliance(start);
    boundsCompliance(start);
    closingCompliance(start);
    if (traits.isDurable) durabilityCompliance(start);
  });
}
