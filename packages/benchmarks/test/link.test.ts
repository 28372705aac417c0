import { describe, expect, test } from "@jest/globals";
import { linkArtifacts } from "../src/link/link-artifacts.ts";
import { runLink } from "../src/link/link-benchmark.ts";
import { tinyPlan } from "../src/link/link-plan.ts";
import { linkVariants } from "../src/link/link-variants.ts";
import { expectValidResult } from "./valid-result.ts";

const options = { isShort: true, rounds: 1, progress: () => {} } as const;

describe("the smallest form", () => {
  test("of the link alone", async () => {
    const result = await runLink(tinyPlan, { ...options, path: "direct" });
    expectValidResult(result);
    for (const link of linkVariants) {
      expect(result.summary[`direct.20.${link}.achievedPerSecond`]).toBeGreaterThan(50);
      expect(result.summary[`direct.20.${link}.cpuSeconds`]).toBeGreaterThan(0);
      expect(result.summary[`direct.20.${link}.fine.p95Ms`]).toBeGreaterThan(0);
      expect(result.summary[`direct.20.${link}.fine.cpuSeconds`]).toBeUndefined();
    }
    const carried = ["grpcMultiplexed", "grpcStreams"].some((link) => `capacity.${link}PerSecond` in result.summary);
    expect("capacity.half.binary.p95Ms" in result.summary).toBe(carried);
    expect(result.summary["batch.bytesPerPayload"]).toBeGreaterThan(1);
    expect(linkArtifacts(result).plotSvg).toContain("</svg>");
    expect(linkArtifacts(result).digest).toContain("| the link alone | 20 | binary |");
  }, 120_000);

  test("through the system", async () => {
    const result = await runLink(tinyPlan, { ...options, path: "edge" });
    expectValidResult(result);
    const { links } = tinyPlan.edge;
    for (const variant of links) {
      expect(result.summary[`edge.10.${variant}.achievedPerSecond`]).toBeGreaterThan(25);
      expect(result.summary[`edge.20.${variant}.achievedPerSecond`]).toBeGreaterThan(25);
    }
    for (const variant of [...links, "alone"]) {
      expect(result.summary[`share.${variant}.achievedPerSecond`]).toBeGreaterThan(25);
      expect(result.summary[`share.${variant}.edgeCpuSeconds`]).toBeGreaterThan(0);
    }
    expect(result.summary["reach.grpcMultiplexed.perSecond"]).toBeGreaterThanOrEqual(0);
    const { tables } = linkArtifacts(result);
    expect(tables).toContain("| 10 | binary |");
    expect(tables).toContain("| none: the edge answers by itself |");
  }, 150_000);
});
