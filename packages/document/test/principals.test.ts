import { describe, expect, test } from "@jest/globals";
import type { Principal } from "@tidewire/foundation";
import { PrincipalTable } from "../src/state/principals.ts";

describe("the object that stands for a principal", () => {
  test("is the one that was given, if nobody can change it", () => {
    const principals = new PrincipalTable();
    const given = Object.freeze({ agent: "ann", authority: "dev" });
    expect(principals.keep(given)).toBe(given);
    expect(principals.intern({ agent: "ann", authority: "dev" })).toBe(given);
  });

  test.each<[string, () => Principal]>([
    ["can be changed", () => ({ agent: "ann", authority: "dev" })],
    ["has more in it", () => Object.freeze({ agent: "ann", authority: "dev", token: "secret" })],
    [
      "is of a class",
      () => Object.freeze(Object.assign(Object.create({}) as object, { agent: "ann", authority: "dev" })),
    ],
    [
      "is computed",
      () =>
        Object.freeze({
          get agent() {
            return "ann";
          },
          authority: "dev",
        }),
    ],
    ["inherits", () => Object.freeze({ authority: "dev", ["__proto__"]: 1, agent: "ann" })],
  ])("is a copy of one that %s", (_what, make) => {
    const principals = new PrincipalTable();
    const given = make();
    const interned = principals.intern(given);
    expect(interned).not.toBe(given);
    expect(interned).toStrictEqual({ agent: "ann", authority: "dev" });
    expect(Object.isFrozen(interned)).toBe(true);
    expect(principals.intern({ agent: "ann", authority: "dev" })).toBe(interned);
  });
});
