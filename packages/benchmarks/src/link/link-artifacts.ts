import type { Artifacts, BenchmarkResult } from "../benchmark.ts";
import { linePlot } from "../shared/line-plot.ts";
import { markdownTable, rounded } from "../shared/markdown-table.ts";
import { type LinkVariant, linkVariants, variantWords } from "./link-variants.ts";

type Summary = BenchmarkResult["summary"];

const LATENCIES = ["p50Ms", "p95Ms", "p99Ms", "sentP95Ms"] as const;

/** The plot of the link alone, and a table of every level and link for each path. */
export function linkArtifacts({ summary }: BenchmarkResult): Artifacts {
  const tables = [
    pathTable(summary, "direct", ["edge", "host"]),
    fineTable(summary),
    capacityShareTable(summary),
    pathTable(summary, "edge", ["edge", "host", "log"]),
    shareTable(summary),
  ];
  const levels = levelsOf(summary, "direct");
  const artifacts = { tables: tables.filter((table) => table !== "").join("\n\n"), digest: digestTable(summary) };
  if (levels.length === 0) return artifacts;
  const linesOf = (figure: string) =>
    linkVariants.map((variant) => ({
      name: variantWords[variant],
      values: levels.map((level) => known(summary[`direct.${level}.${variant}.${figure}`]) ?? null),
    }));
  const plotSvg = linePlot(levels.map(String), "streams, 10 operations a second each; the link alone", [
    { title: "p95 from due time", unit: "ms", isLogarithmic: true, lines: linesOf("p95Ms") },
    {
      title: "CPU of both sides",
      unit: "s per 100,000 operations",
      isLogarithmic: false,
      lines: linesOf("cpuSeconds"),
    },
  ]);
  return { ...artifacts, plotSvg };
}

function pathTable(summary: Summary, path: "direct" | "edge", processes: readonly string[]): string {
  const levels = levelsOf(summary, path);
  if (levels.length === 0) return "";
  const head = ["streams", "link", "offered/s", "achieved/s", "unanswered", ...LATENCY_HEAD];
  for (const process of processes) head.push(`${process} CPU user + system`);
  const rows = levels.flatMap((level) =>
    measuredAt(summary, path, level).map((variant) => {
      const of = (figure: string): number => summary[`${path}.${level}.${variant}.${figure}`] ?? Number.NaN;
      const cpu = (process: string): string => {
        const [user, system] = [known(of(`${process}UserSeconds`)), known(of(`${process}SystemSeconds`))];
        return user === undefined || system === undefined ? "-" : `${rounded(user)} + ${rounded(system)}`;
      };
      return [
        String(level),
        variantWords[variant],
        of("offeredPerSecond").toFixed(0),
        of("achievedPerSecond").toFixed(0),
        `${(100 * of("unansweredShare")).toFixed(2)} %`,
        ...LATENCIES.map((figure) => rounded(of(figure))),
        ...processes.map(cpu),
      ];
    }),
  );
  const title =
    path === "direct"
      ? "The link alone. CPU in seconds per 100,000 delivered operations; the generator is part of the edge side."
      : "Through the system: WebSocket clients, edge-proxy, document-host, log-storage. CPU in seconds per 100,000 delivered operations.";
  return `${title}\n\n${markdownTable(head, rows)}`;
}

const LATENCY_HEAD = ["p50 ms", "p95", "p99", "p95 from send"];

function fineTable(summary: Summary): string {
  const rows = levelsOf(summary, "direct").flatMap((level) =>
    linkVariants
      .filter((variant) => `direct.${level}.${variant}.fine.p95Ms` in summary)
      .map((variant) => {
        const of = (figure: string): number => summary[`direct.${level}.${variant}.${figure}`] ?? Number.NaN;
        const latencies = LATENCIES.map((figure) => rounded(of(`fine.${figure}`)));
        return [
          String(level),
          variantWords[variant],
          ...latencies,
          rounded(of("sentP95Ms")),
          rounded(of("fine.tickLateP99Ms")),
        ];
      }),
  );
  if (rows.length === 0) return "";
  const head = ["streams", "link", ...LATENCY_HEAD, "the same with the tick", "generator late, p99"];
  const title =
    "The same with a generator that looks at the clock in every turn of its event loop, in windows of their own.";
  return `${title}\n\n${markdownTable(head, rows)}`;
}

function capacityShareTable(summary: Summary): string {
  const rows = ["half", "full"].flatMap((share) =>
    linkVariants
      .filter((variant) => `capacity.${share}.${variant}.p95Ms` in summary)
      .map((variant) => {
        const of = (figure: string): number => summary[`capacity.${share}.${variant}.${figure}`] ?? Number.NaN;
        const rates = [of("offeredPerSecond").toFixed(0), of("achievedPerSecond").toFixed(0)];
        const unanswered = `${(100 * of("unansweredShare")).toFixed(2)} %`;
        return [share, variantWords[variant], ...rates, unanswered, ...LATENCIES.map((figure) => rounded(of(figure)))];
      }),
  );
  if (rows.length === 0) return "";
  const head = ["of what gRPC carries", "link", "offered/s", "achieved/s", "unanswered", ...LATENCY_HEAD];
  const title =
    "At half and all of the rate that the better shape of public gRPC was found to carry, 10 operations a second for each stream.";
  return `${title}\n\n${markdownTable(head, rows)}`;
}

function shareTable(summary: Summary): string {
  const variants = [...linkVariants, "alone"].filter((each) => summary[`share.${each}.edgeCpuSeconds`] !== undefined);
  if (variants.length === 0) return "";
  const rows = variants.map((variant) => {
    const of = (figure: string): number => summary[`share.${variant}.${figure}`] ?? Number.NaN;
    return [
      variant === "alone" ? "none: the edge answers by itself" : variantWords[variant as LinkVariant],
      of("achievedPerSecond").toFixed(0),
      rounded(of("p95Ms")),
      `${rounded(of("edgeUserSeconds"))} + ${rounded(of("edgeSystemSeconds"))}`,
      variant === "alone" ? "-" : rounded(of("linkSeconds")),
    ];
  });
  const title =
    "The link's share of the edge: the edge-proxy on a core of its own, before a host that answers at once. CPU in seconds per 100,000 delivered operations.";
  return `${title}\n\n${markdownTable(["link", "operations/s", "p95 ms", "edge CPU user + system", "of it the link"], rows)}`;
}

/** Levels and links, and of each how fast and how dear. */
function digestTable(summary: Summary): string {
  const head = ["path", "streams", "link", "operations/s", "p50 ms", "p95", "p99", "CPU s per 100,000: edge", "host"];
  const rows = (["direct", "edge"] as const).flatMap((path) =>
    levelsOf(summary, path).flatMap((level) =>
      measuredAt(summary, path, level).map((variant) => {
        const of = (figure: string): number => summary[`${path}.${level}.${variant}.${figure}`] ?? Number.NaN;
        const cpu = (process: string): string => {
          const sum = known(of(`${process}UserSeconds`) + of(`${process}SystemSeconds`));
          return sum === undefined ? "-" : rounded(sum);
        };
        const latencies = (["p50Ms", "p95Ms", "p99Ms"] as const).map((figure) => rounded(of(figure)));
        const rate = of("achievedPerSecond").toFixed(0);
        return [PATH_WORDS[path], String(level), variantWords[variant], rate, ...latencies, cpu("edge"), cpu("host")];
      }),
    ),
  );
  return markdownTable(head, rows);
}

const PATH_WORDS = { direct: "the link alone", edge: "the whole system" } as const;

/** What nothing was delivered for has no CPU per operation. */
function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) || value >= Number.MAX_SAFE_INTEGER / 2 ? undefined : value;
}

/** A link that was overloaded is not measured at levels above. */
function measuredAt(summary: Summary, path: string, level: number): readonly LinkVariant[] {
  return linkVariants.filter((variant) => summary[`${path}.${level}.${variant}.p95Ms`] !== undefined);
}

function levelsOf(summary: Summary, path: string): number[] {
  const levels = Object.keys(summary)
    .filter((name) => name.startsWith(`${path}.`) && name.endsWith(".binary.p95Ms"))
    .map((name) => Number(name.split(".")[1]));
  return levels.sort((a, b) => a - b);
}
