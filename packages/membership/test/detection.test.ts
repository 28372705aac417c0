import { describe, expect, test } from "@jest/globals";
import { VirtualGroup } from "@tidewire/membership/simulation";

describe("crash detection", () => {
  test.each([3, 16, 128])("n=%i", (members) => {
    const t0 = performance.now();
    const group = new VirtualGroup({ seed: 1, members });
    group.boot();
    const bootMs = group.now;
    const b = performance.now();
    group.run(20_000);
    const d0 = group.network.datagrams;
    const c = performance.now();
    const victim = group.member("m1");
    victim.crash();
    const first = group.runUntil(() => group.running.some((m) => m.engine.member("m1")?.health === "dead"), 60000, "first");
    const all = first + group.runUntil(() => group.running.every((m) => m.engine.member("m1")?.health === "dead"), 60000, "all");
    console.log({ members, bootMs, first, all, bootWall: b - t0, run20: c - b, rest: performance.now() - c, d0, fp: group.changes.filter((c) => c.after === "dead" && c.subject !== "m1").length });
    expect(group.isSettled()).toBe(true);
  });
});
