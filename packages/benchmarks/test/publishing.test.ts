import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { repositoryRoot } from "@tidewire/harness";
import { defaultGrpcLinkLimits } from "@tidewire/link-grpc";
import { channelOptionsInUse, serverOptionsInUse } from "../src/link/fair-settings.ts";
import { linkArtifacts } from "../src/link/link-artifacts.ts";
import { linkTargets } from "../src/link/link-targets.ts";
import { digestOf, hasSection, withSection } from "../src/publish.ts";
import { rootReadme } from "../src/shared/built-file.ts";
import { linePlot } from "../src/shared/line-plot.ts";

describe("the README", () => {
  test("a section is replaced and the rest kept", () => {
    const text = "a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n";
    const once = withSection(text, "x", "new");
    expect(once).toBe("a\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nb\n");
    expect(withSection(once, "x", "new")).toBe(once);
    expect(() => withSection(text, "y", "new")).toThrow("no place");
  });
});

describe("the README of the repository", () => {
  test("has a place for what is published in short", () => {
    const text = readFileSync(rootReadme(), "utf8");
    for (const name of ["link", "codec", "runtime"]) expect(hasSection(text, name)).toBe(true);
  });

  test("says how many targets are met, and has the table and the targets where there is a table", () => {
    const row = { id: "x.a", figure: "a / b", value: 2, target: "<= 3", ok: true };
    const targets = [row, { ...row, id: "x.b", value: 4, ok: false }, { ...row, id: "x.c", value: null, ok: null }];
    const measured = { settings: { isShort: true }, rounds: [{}, {}, {}], summary: {}, targets };
    const report = { ...measured, name: "x", commit: "0123456789", node: "v20", cpus: 2 };
    const short = digestOf(report, { tables: "long" });
    expect(short).toContain("1 of 3 targets met. Medians of 3 rounds (short form), Node v20, 2 CPUs, commit 0123456.");
    expect(short).not.toContain("|");
    const long = digestOf(report, { tables: "long", digest: "| streams |" });
    expect(long).toContain("| streams |");
    expect(long).toContain("| x.b | a / b | 4 | <= 3 | missed |");
  });
});

describe("the plot", () => {
  test("leaves out what was not measured and marks what was", () => {
    const lines = [{ name: "one", values: [1, null, 100] }];
    const svg = linePlot(["a", "b", "c"], "axis", [{ title: "t", unit: "ms", isLogarithmic: true, lines }]);
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).not.toContain("NaN");
  });
});

describe("the settings of gRPC", () => {
  test("are those the link sets", async () => {
    const source = `${repositoryRoot}/packages/link-grpc/src/channel-options.ts`;
    const { channelOptions, serverOptions } = (await import(source)) as Record<string, (limits: object) => object>;
    expect(channelOptionsInUse).toEqual(channelOptions!(defaultGrpcLinkLimits));
    expect(serverOptionsInUse).toEqual(serverOptions!(defaultGrpcLinkLimits));
  });
});

describe("the rows of the link", () => {
  const level = (binary: object, streams: object, multiplexed: object, prefix: string) =>
    Object.fromEntries(
      Object.entries({ binary, grpcStreams: streams, grpcMultiplexed: multiplexed }).flatMap(([variant, figures]) =>
        Object.entries(figures).map(([name, value]) => [`${prefix}.${variant}.${name}`, value as number]),
      ),
    );
  const rowOf = (rows: ReturnType<typeof linkTargets>, id: string) => rows.find((row) => row.id === id)!;

  test("ratios are taken within a round and against the better shape", () => {
    const direct = [
      level({ p95Ms: 1, cpuSeconds: 1 }, { p95Ms: 4, cpuSeconds: 5 }, { p95Ms: 2, cpuSeconds: 8 }, "direct.400"),
      level({ p95Ms: 10, cpuSeconds: 1 }, { p95Ms: 90, cpuSeconds: 5 }, { p95Ms: 20, cpuSeconds: 8 }, "direct.400"),
    ];
    const rows = linkTargets({ direct, edge: [] }, {}, undefined);
    expect(rowOf(rows, "link.p95.direct.400")).toMatchObject({ value: 0.5, ok: true });
    expect(rowOf(rows, "link.cpu.direct.400")).toMatchObject({ value: 0.2, ok: true });
    expect(rowOf(rows, "link.p95.direct.800")).toMatchObject({ value: null, ok: null });
  });

  test("what the generator takes is in the ratio, and the note says what is left without it", () => {
    const of = (cpuSeconds: number) => ({ p95Ms: 1, cpuSeconds });
    const direct = [{ ...level(of(3), of(9), of(7), "direct.400"), "direct.400.generator.cpuSeconds": 2 }];
    const row = rowOf(linkTargets({ direct, edge: [] }, {}, undefined), "link.cpu.direct.400");
    expect(row.value).toBeCloseTo(3 / 7);
    expect(row.note).toBe("against gRPC, one multiplexed stream; 0.20 without what the generator alone takes");
  });

  test("against our gRPC with its reach into grpc-js there is a row of its own, with the same target", () => {
    const direct = [
      {
        ...level({ p95Ms: 1, cpuSeconds: 1 }, { p95Ms: 4, cpuSeconds: 5 }, { p95Ms: 2, cpuSeconds: 8 }, "direct.400"),
        "direct.400.grpcStreamsInternals.p95Ms": 1.25,
        "direct.400.grpcMultiplexedInternals.p95Ms": 0.8,
      },
    ];
    const rows = linkTargets({ direct, edge: [] }, {}, undefined);
    expect(rowOf(rows, "link.p95.direct.400")).toMatchObject({ value: 0.5, target: "<= 1.0", ok: true });
    expect(rowOf(rows, "link.p95.direct.400.internals")).toMatchObject({ value: 1.25, target: "<= 1.0", ok: false });
    expect(rowOf(rows, "link.cpu.direct.400.internals")).toMatchObject({ value: null, ok: null });
  });

  test("the rows without a tick, and those at a share of what gRPC carries", () => {
    const direct = [1, 2, 3].map((machine) => ({
      "direct.400.binary.p95Ms": machine * 1.4,
      "direct.400.binary.sentP95Ms": machine * 0.2,
      "direct.400.binary.fine.p95Ms": machine * 0.3,
      "direct.400.binary.fine.sentP95Ms": machine * 0.25,
      "direct.400.grpcMultiplexed.p95Ms": machine * 2,
      "direct.400.grpcMultiplexed.sentP95Ms": machine * 0.8,
      "direct.400.grpcMultiplexed.fine.p95Ms": machine,
      "direct.400.grpcMultiplexed.fine.sentP95Ms": machine,
      "capacity.full.binary.p95Ms": machine,
      "capacity.full.binary.sentP95Ms": machine,
      "capacity.full.binary.offeredPerSecond": 40_000,
      "capacity.full.grpcStreams.p95Ms": machine * 100,
      "capacity.full.grpcStreams.sentP95Ms": machine * 50,
      "capacity.full.grpcStreams.unansweredShare": 0.2,
    }));
    const rows = linkTargets({ direct, edge: [] }, {}, undefined);
    expect(rowOf(rows, "link.p95.direct.400")).toMatchObject({ value: 0.7, target: "<= 1.0", ok: true });
    const fine = rowOf(rows, "link.p95.direct.400.fine");
    expect(fine).toMatchObject({ value: 0.3, target: "<= 1.0", ok: true });
    expect(fine.note).toContain("from the send 0.25 here, 0.25 with the tick");
    expect(rowOf(rows, "link.p95.direct.400.fine.internals")).toMatchObject({ value: null });
    const full = rowOf(rows, "link.p95.direct.full");
    expect(full).toMatchObject({ value: 0.01, target: "<= 0.05", ok: true });
    expect(full.note).toContain("40000 operations/s");
    expect(full.note).toContain("from the send 0.02, which left 20.0 % unanswered");
    expect(rowOf(rows, "link.p95.direct.half")).toMatchObject({ value: null, target: "<= 0.55" });
  });

  test("a shape that was given up at a level is judged by the rounds it has", () => {
    const direct = [
      level({ p95Ms: 1 }, { p95Ms: 900 }, { p95Ms: 2 }, "direct.3200"),
      level({ p95Ms: 1 }, {}, { p95Ms: 4 }, "direct.3200"),
      level({ p95Ms: 1 }, {}, { p95Ms: 5 }, "direct.3200"),
    ];
    const row = rowOf(linkTargets({ direct, edge: [] }, {}, undefined), "link.p95.direct.3200");
    expect(row).toMatchObject({ value: 0.25, note: "against gRPC, one multiplexed stream" });
  });

  const shares = (binary: number, streams: number, multiplexed: number, alone: number, unansweredShare = 0) => {
    const of = (edgeCpuSeconds: number) => ({ edgeCpuSeconds, unansweredShare });
    return {
      ...level(of(binary), of(streams), of(multiplexed), "share"),
      "share.alone.edgeCpuSeconds": alone,
      "share.alone.unansweredShare": 0,
    };
  };

  test("the edge rows take the share without the edge itself", () => {
    const rows = linkTargets({ direct: [], edge: [shares(8, 12, 10, 6), shares(8.1, 12, 10, 6)] }, {}, undefined);
    expect(rowOf(rows, "link.cpu.edge.streams").value).toBeCloseTo(2.05 / 6);
    expect(rowOf(rows, "link.cpu.edge.multiplexed").value).toBeCloseTo(2.05 / 4);
    expect(rowOf(rows, "link.cpu.edge.multiplexed.internals").value).toBeNull();
  });

  test("a share below the noise is no verdict", () => {
    const row = rowOf(linkTargets({ direct: [], edge: [shares(5, 4, 4, 6)] }, {}, undefined), "link.cpu.edge.streams");
    expect(row).toMatchObject({ value: null, ok: null });
    expect(row.note).toContain("noise");
    // The edge that answers by itself cost more than the one with the link: that is no saving.
    const cheaper = [shares(5, 8, 7, 6)];
    // The medians are positive and agree by chance; the third round shows how little that means.
    const scattered = [shares(6.9, 9, 8, 6), shares(6.9, 9, 8, 6), shares(5.6, 9, 8, 6)];
    for (const edge of [cheaper, scattered]) {
      for (const id of ["link.cpu.edge.streams", "link.cpu.edge.multiplexed"]) {
        expect(rowOf(linkTargets({ direct: [], edge }, {}, undefined), id)).toMatchObject({ value: null, ok: null });
      }
    }
  });

  test("a share of the binary link that is lost in its noise is judged by the most that it can be", () => {
    const edge = [shares(6.2, 16, 9, 6), shares(6.1, 16, 9, 6), shares(5.9, 16, 9, 6)];
    const row = rowOf(linkTargets({ direct: [], edge }, {}, undefined), "link.cpu.edge.streams");
    expect(row).toMatchObject({ ok: true, note: "at most; s per 100,000: 0.10 +- 0.11 and 10.00 +- 0.00" });
    expect(row.value).toBeCloseTo((0.1 + 2 * 0.1105) / 10, 3);
    const wide = [shares(8, 16, 8, 6), shares(6.1, 16, 8, 6), shares(4.9, 16, 8, 6)];
    const missed = rowOf(linkTargets({ direct: [], edge: wide }, {}, undefined), "link.cpu.edge.multiplexed");
    expect(missed).toMatchObject({ value: null, ok: null });
  });

  test("CPU of an edge that was overloaded is no verdict", () => {
    const rows = linkTargets({ direct: [], edge: [shares(5, 900, 900, 4, 1)] }, {}, undefined);
    for (const id of ["link.cpu.edge.streams", "link.cpu.edge.multiplexed"]) {
      expect(rowOf(rows, id)).toMatchObject({ value: null, ok: null });
    }
  });

  test("through the system the highest rate counts that gRPC delivers, and the shape that does", () => {
    const edge = [
      {
        "reach.public.binary.p95Ms": 2,
        "reach.public.grpcStreams.p95Ms": 8,
        "reach.internals.binary.p95Ms": 6,
        "reach.internals.grpcMultiplexedInternals.p95Ms": 12,
      },
    ];
    const once = {
      "reach.grpcStreams.perSecond": 2_800,
      "reach.grpcMultiplexed.perSecond": 2_000,
      "reach.grpcMultiplexedInternals.perSecond": 8_000,
    };
    const rows = linkTargets({ direct: [], edge }, once, undefined);
    expect(rowOf(rows, "link.p95.edge")).toMatchObject({ value: 0.25, ok: true });
    expect(rowOf(rows, "link.p95.edge").note).toContain("2800 operations/s");
    expect(rowOf(rows, "link.p95.edge.internals")).toMatchObject({ value: 0.5, ok: false });
    const none = linkTargets({ direct: [], edge: [{}] }, { "reach.grpcStreams.perSecond": 0 }, undefined);
    expect(rowOf(none, "link.p95.edge")).toMatchObject({ value: null, ok: null });
  });

  test("the tables leave out what was not measured, and say nothing of CPU where nothing was delivered", () => {
    const all = { offeredPerSecond: 4_000, achievedPerSecond: 4_000, unansweredShare: 0, p50Ms: 1, p95Ms: 2, p99Ms: 3 };
    const cpu = (seconds: number) =>
      Object.fromEntries(
        ["edgeUser", "edgeSystem", "hostUser", "hostSystem"].map((each) => [`${each}Seconds`, seconds]),
      );
    const summary = level(
      { ...all, sentP95Ms: 1, ...cpu(1) },
      { ...all, sentP95Ms: 1, achievedPerSecond: 0, ...cpu(Number.MAX_SAFE_INTEGER) },
      {},
      "direct.400",
    );
    const { tables, digest, plotSvg } = linkArtifacts({ settings: {}, rounds: [], summary, targets: [] });
    for (const text of [tables, digest!, plotSvg!]) expect(text).not.toMatch(/NaN|undefined|e\+1\d|90071992/);
    expect(digest!.split("\n")).toHaveLength(4);
    expect(tables).toContain("| 400 | gRPC, a stream per document connection | 4000 | 0 |");
  });

  test("capacity says when the generator was the limit", () => {
    const once = {
      "capacity.binaryPerSecond": 90_000,
      "capacity.grpcMultiplexedPerSecond": 16_000,
      "capacity.generatorPerSecond": 90_000,
    };
    const row = rowOf(linkTargets({ direct: [], edge: [] }, once, undefined), "link.capacity");
    expect(row).toMatchObject({ value: 5.625, ok: true });
    expect(row.note).toContain("generator");
  });
});
