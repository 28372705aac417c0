import { describe, expect, it } from "@jest/globals";
import { clientAddress } from "../src/socket-engine/socket-engine.ts";

describe("the address of a client", () => {
  it.each([
    ["no proxy", 0, "6.6.6.6", "10.0.0.9"],
    ["no header", 1, undefined, "10.0.0.9"],
    ["one proxy", 1, "192.0.2.1", "192.0.2.1"],
    ["one proxy, and a client that claims another", 1, "6.6.6.6, 192.0.2.1", "192.0.2.1"],
    ["two proxies", 2, "6.6.6.6, 192.0.2.1, 10.0.0.1", "192.0.2.1"],
    ["two proxies, passed by", 2, "192.0.2.1", "192.0.2.1"],
    ["an empty place", 1, "6.6.6.6,", "10.0.0.9"],
  ])("behind %s", (_name, proxies, forwardedFor, address) => {
    expect(clientAddress("10.0.0.9", forwardedFor, proxies)).toBe(address);
  });

  it("is not kept at any length", () => {
    expect(clientAddress("10.0.0.9", "9".repeat(10_000), 1)).toHaveLength(64);
  });
});
