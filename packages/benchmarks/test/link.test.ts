import { describe, expect, test } from "@jest/globals";
import { linkArtifacts } from "../src/link/link-artifacts.ts";
import { runLink } from "../src/link/link-benchmark.ts";
import { tinyPlan } from "../src/link/link-plan.ts";
import { expectValidResult } from "./valid-result.ts";

const options = { isShort: true, rounds: 1, progress: () => {} } as const;

describe("the smallest form", () => {
  test("of the link alone", async () => {
    const result = await runLink(tinyPlan, { ...options, path: "direct" });
    expectValidResult(result);
    for (const link of ["binary", "grpcStreams", "grpcMultiplexed"]) {
      expect(result.summary[`direct.20.${link}.achievedPerSecond`]).toBeGreaterThan(50);
      expect(result.summary[`direct.20.${link}.cpuSeconds`]).toBeGreaterThan(0);
    }
    expect(result.summary["batch.bytesPerPayload"]).toBeGreaterThan(1);
    expect(linkArtifacts(result).plotSvg).toContain("</svg>");
    expect(linkArtifacts(result).digest).toContain("| the link alone | 20 | binary |");
  }, 60_000);

  test("through the system", async () => {
    const result = await runLink(tinyPlan, { ...options, path: "edge" });
    expectValidResult(result);
    for (const variant of ["binary", "grpcStreams", "grpcMultiplexed", "alone"]) {
      expect(result.summary[`edge.10.${variant}.achievedPerSecond`]).toBeGreaterThan(25);
    }
    expect(linkArtifacts(result).tables).toContain("| 10 | binary |");
  }, 90_000);
});
