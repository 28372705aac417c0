import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { type DeclaredMetric, declaredMetrics } from "./support/declared-metrics.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = fileURLToPath(new URL("../metrics.md", import.meta.url));
const MARKED = /(?<=<!-- metrics -->\n)[\s\S]*(?=<!-- end of metrics -->)/;

function row({ name, kind, labels, help }: DeclaredMetric): string {
  return `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
}

/** One section for each package, in the order of their names. */
function tables(metrics: readonly DeclaredMetric[]): string {
  const sections = [...byOwner(metrics)].map(([owner, own]) => {
    const rows = [...new Set(own.map(row))].sort();
    return `\n### [${owner}](../../${owner}/README.md)\n\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  return `${sections.join("")}\n`;
}

function byOwner(metrics: readonly DeclaredMetric[]): Map<string, DeclaredMetric[]> {
  const groups = new Map<string, DeclaredMetric[]>();
  for (const metric of metrics) groups.set(metric.owner, [...(groups.get(metric.owner) ?? []), metric]);
  return groups;
}

describe("metrics.md", () => {
  const declared = declaredMetrics(root);
  if (process.env["TIDEWIRE_UPDATE_DOCS"] === "1") {
    writeFileSync(
      page,
      readFileSync(page, "utf8").replace(MARKED, () => tables(declared)),
    );
  }
  const text = readFileSync(page, "utf8");

  test("lists every metric that a package declares, as it is declared, and no other (TIDEWIRE_UPDATE_DOCS=1 writes them)", () => {
    expect(declared.length).toBeGreaterThan(100);
    expect(MARKED.exec(text)?.[0].split("\n")).toEqual(tables(declared).split("\n"));
  });

  test("speaks of none that does not exist", () => {
    const names = new Set(declared.map(({ name }) => name));
    const spoken = [...text.matchAll(/\btidewire_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ""));
    expect(spoken.filter((name) => !names.has(name))).toEqual([]);
  });

  test("counters end in _total, and nothing else does", () => {
    for (const { name, kind } of declared) expect([name, name.endsWith("_total")]).toEqual([name, kind === "counter"]);
  });
});
