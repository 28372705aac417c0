import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Artifacts, TargetResult } from "./benchmark.ts";
import { type Report, writeReport } from "./report.ts";
import { keptFile, rootReadme } from "./shared/built-file.ts";
import { markdownTable, rounded } from "./shared/markdown-table.ts";

/**
 * Keeps the report in this package: results/NAME.json, its plot, and its tables in the README; in short they go to the
 * README of the repository. Returns the files.
 */
export function publish(report: Report, artifacts: Artifacts): string[] {
  const json = keptFile("results", `${report.name}.json`);
  writeReport(json, report);
  const readme = keptFile("README.md");
  writeFileSync(readme, withSection(readFileSync(readme, "utf8"), report.name, sectionOf(report, artifacts)));
  const files = [json, ...writeBeside(json, artifacts), readme];
  const root = rootReadme();
  const rootText = readFileSync(root, "utf8");
  if (hasSection(rootText, report.name)) {
    writeFileSync(root, withSection(rootText, report.name, digestOf(report, artifacts)));
    files.push(root);
  }
  return files.map((file) => relative(process.cwd(), file));
}

/** Writes the plot next to the report. */
export function writeBeside(json: string, { plotSvg }: Artifacts): string[] {
  if (plotSvg === undefined) return [];
  const file = json.replace(/(\.json)?$/, ".svg");
  writeFileSync(file, plotSvg);
  return [file];
}

export function hasSection(text: string, name: string): boolean {
  return text.includes(`<!-- bench:${name} -->`);
}

/** Replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export function withSection(text: string, name: string, section: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the README has no place for the tables of ${name}`);
  return `${text.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${text.slice(to)}`;
}

/** What the README of the repository says: how many targets are met, and for some a table. */
export function digestOf(report: Report, { digest, plotSvg }: Artifacts): string {
  const met = report.targets.filter(({ ok }) => ok === true).length;
  const heading = `**${report.name}**: ${met} of ${report.targets.length} targets met. ${circumstances(report)} The whole report is in [packages/benchmarks](packages/benchmarks/README.md#${report.name}).`;
  if (digest === undefined) return heading;
  const plot = plotSvg === undefined ? [] : [`![${report.name}](packages/benchmarks/results/${report.name}.svg)`];
  return [heading, digest, ...plot, targetTable(report)].join("\n\n");
}

function circumstances({ rounds, settings, node, cpus, commit }: Report): string {
  const count = rounds.length;
  const form = settings["isShort"] === true ? " (short form)" : "";
  return `Medians of ${count} round${count === 1 ? "" : "s"}${form}, Node ${node}, ${cpus} CPUs, commit ${commit.slice(0, 7)}.`;
}

function targetTable({ targets }: Report): string {
  return markdownTable(["id", "figure", "value", "target", ""], targets.map(targetRow));
}

function sectionOf(report: Report, { tables, plotSvg }: Artifacts): string {
  const settings = `results/${report.name}.json`;
  const parts = [
    `${circumstances(report)} Every setting is in [${settings}](${settings}).`,
    targetTable(report),
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
