import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Artifacts, TargetResult } from "./benchmark.ts";
import { type Report, writeReport } from "./report.ts";
import { keptFile } from "./shared/built-file.ts";
import { markdownTable, rounded } from "./shared/markdown-table.ts";

/** Keeps the report in this package: results/NAME.json, its plot, and its tables in the README. Returns the files. */
export function publish(report: Report, artifacts: Artifacts): string[] {
  const json = keptFile("results", `${report.name}.json`);
  writeReport(json, report);
  const readme = keptFile("README.md");
  writeFileSync(readme, withSection(readFileSync(readme, "utf8"), report.name, sectionOf(report, artifacts)));
  const files = [json, ...writeBeside(json, artifacts), readme];
  return files.map((file) => relative(process.cwd(), file));
}

/** Writes the plot next to the report. */
export function writeBeside(json: string, { plotSvg }: Artifacts): string[] {
  if (plotSvg === undefined) return [];
  const file = json.replace(/(\.json)?$/, ".svg");
  writeFileSync(file, plotSvg);
  return [file];
}

/** Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export function withSection(text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the README has no place for the tables of ${name}`);
  return `${text.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${text.slice(to)}`;
}

function sectionOf(report: Report, { tables, plotSvg }: Artifacts): string {
  const isShort = report.settings["isShort"] === true;
  const count = report.rounds.length;
  const parts = [
    `Medians of ${count} round${count === 1 ? "" : "s"}${isShort ? " (short form)" : ""}, Node ${report.node}, ${report.cpus} CPUs, commit ${report.commit.slice(0, 7)}. Every setting is in [results/${report.name}.json](results/${report.name}.json).`,
    markdownTable(["id", "figure", "value", "target", ""], report.targets.map(targetRow)),
    tables,
  ];
  if (plotSvg !== undefined) parts.push(`![${report.name}](results/${report.name}.svg)`);
  return parts.join("\n\n");
}

function targetRow({ id, figure, value, target, ok, note }: TargetResult): string[] {
  const verdict = ok === null ? "not yet" : ok ? "met" : "missed";
  return [
    id,
    figure,
    value === null ? "-" : rounded(value),
    target,
    note === undefined ? verdict : `${verdict}: ${note}`,
  ];
}
