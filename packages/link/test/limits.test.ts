import { expect, test } from "@jest/globals";
import { limitsTable } from "@tidewire/tooling/limits-table";
import { defaultPeerLinkOptions, defaultPeerLinkPoolOptions } from "../src/index.ts";
import { defaultSessionLimits } from "../src/session/index.ts";

test("the limits of the README are the defaults", () => {
  const { inFlightMax, behindCallsMax } = defaultSessionLimits;
  const { waitingMax, attemptsMax, streamBacklogMax } = defaultPeerLinkOptions;
  const { linksMax, idleMs } = defaultPeerLinkPoolOptions;
  const limits = { waitingMax, attemptsMax, streamBacklogMax, linksMax, idleMs, inFlightMax, behindCallsMax };
  expect(limitsTable(new URL("../README.md", import.meta.url), Object.keys(limits))).toEqual(limits);
});
