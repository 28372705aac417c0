import { expect, test } from "@jest/globals";
import { limitsTable } from "@tidewire/tooling/limits-table";
import { lanSettings } from "../src/index.ts";

test("the limits of the README are those of the LAN profile", () => {
  const { membersMax, packetMaxBytes, retransmitMultiplier, exchangesMax, relaysMax, tombstoneMs } = lanSettings;
  const { joinHoldMs, joinHoldMaxMs, leaveMaxMs } = lanSettings;
  const holds = { joinHoldMs, joinHoldMaxMs, leaveMaxMs };
  const limits = { membersMax, packetMaxBytes, retransmitMultiplier, exchangesMax, relaysMax, tombstoneMs, ...holds };
  expect(limitsTable(new URL("../README.md", import.meta.url), Object.keys(limits))).toEqual(limits);
});
