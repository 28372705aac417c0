import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A metric as its package declares it, in the text of its source. */
export interface DeclaredMetric {
  /** Folder of the package or app, from the root. */
  readonly owner: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

const DECLARATION = /\.(counter|gauge|histogram)\(/g;
/** Name, given whole or behind the prefix of the file, and help. */
const NAME_AND_HELP = /^\s*(?:\w+\(\s*"(?<short>\w+)",?\s*\)|"(?<whole>\w+)")\s*,\s*"(?<help>(?:[^"\\]|\\.)*)"/;
const PREFIX = /`(tidewire_\w*_)\$\{/;
const LABELS = /\[\s*((?:"[a-zA-Z]\w*"\s*,?\s*)+)\]/;

/** Every metric that a package or app declares. Throws for a declaration whose name or help is no literal. */
export function declaredMetrics(root: string): DeclaredMetric[] {
  return ["apps", "packages"].flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((name) => {
      const owner = `${kind}/${name}`;
      return sourceFiles(join(root, owner, "src")).flatMap((path) => declaredIn(root, owner, path));
    }),
  );
}

function declaredIn(root: string, owner: string, path: string): DeclaredMetric[] {
  const text = readFileSync(path, "utf8");
  return [...text.matchAll(DECLARATION)].map((match) => {
    const call = argumentsAt(text, match.index + match[0].length);
    const { short, whole, help } = NAME_AND_HELP.exec(call)?.groups ?? {};
    const name = whole ?? `${PREFIX.exec(text)?.[1]}${short}`;
    if (help === undefined || !name.startsWith("tidewire_")) {
      throw new Error(`${relative(root, path)}: a metric without a literal name and help: ${call.slice(0, 80)}`);
    }
    const labels = [...(LABELS.exec(call)?.[1] ?? "").matchAll(/"(\w+)"/g)].map(([, label]) => label!);
    return { owner, kind: match[1] as DeclaredMetric["kind"], name, help: JSON.parse(`"${help}"`) as string, labels };
  });
}

/** What stands between the parenthesis before `from` and its other half. */
function argumentsAt(text: string, from: number): string {
  let depth = 1;
  let isText = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"' && text[at - 1] !== "\\") isText = !isText;
    if (isText) continue;
    if (character === "(") depth++;
    if (character === ")" && --depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

function sourceFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    // A package of generated or plain JavaScript has none.
    return [];
  }
  return names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}
