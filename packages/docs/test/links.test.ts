import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const skipped = new Set(["node_modules", ".git", "dist", ".turbo", ".cache", ".tidewire"]);

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const files = markdownFiles(root);
const packages = ["apps", "packages"].flatMap((folder) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, folder, entry.name, "package.json")))
    .map((entry) => join(folder, entry.name)),
);

describe("the documentation", () => {
  test.each(files.map((file) => relative(root, file)))("%s has no dead link", (file) => {
    const text = readFileSync(join(root, file), "utf8").replaceAll(/```[\s\S]*?```/g, "");
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target) && !target.startsWith("#"));
    const dead = local.filter((target) => !existsSync(resolve(root, dirname(file), target.split("#")[0]!)));
    expect(dead).toEqual([]);
  });

  test.each(packages)("%s has a README that says what it owns", (folder) => {
    const readme = join(root, folder, "README.md");
    expect(existsSync(readme)).toBe(true);
    expect(readFileSync(readme, "utf8")).toMatch(/owns/i);
  });

  test("the top level holds what the design lists, and nothing else", () => {
    const visible = readdirSync(root).filter((name) => !name.startsWith(".") && name !== "node_modules");
    const listed = ["README.md", "apps", "infra", "k8s", "package-lock.json", "package.json", "packages", "turbo.json"];
    expect(visible.sort()).toEqual(listed.sort());
  });
});
