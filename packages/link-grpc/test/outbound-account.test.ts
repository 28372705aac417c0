import { describe, expect, it } from "@jest/globals";
import { defaultGrpcLinkLimits } from "../src/grpc-link-options.ts";
import { OutboundAccount } from "../src/outbound-account.ts";

const KILOBYTE = 1024;

describe("account of what waits", () => {
  it("is congested until half of what made it so has left, and says so once", () => {
    const reports: string[] = [];
    const limits = { ...defaultGrpcLinkLimits, congestedBytes: 100 * KILOBYTE };
    const account = new OutboundAccount(limits, {
      uncongested: () => reports.push("uncongested"),
      overrun: () => reports.push("overrun"),
    });
    const seen: boolean[] = [];
    const step = (move: (bytes: number) => void): void => {
      move(KILOBYTE);
      seen.push(account.isCongested);
    };
    for (let index = 0; index < 120; index++) step((bytes) => account.add(bytes));
    for (let index = 0; index < 120; index++) step((bytes) => account.remove(bytes));
    expect([seen.indexOf(true), seen.lastIndexOf(true)]).toEqual([99, 120 + 69]);
    expect(seen.slice(99, 190)).toEqual(Array.from({ length: 91 }, () => true));
    expect(reports).toEqual(["uncongested"]);
    for (let index = 0; index < 60; index++) step((bytes) => account.add(bytes));
    expect(account.isCongested).toBe(false);
  });
});
