import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import type { z } from "zod";
import { type ConfigField, configFields, parseFieldText } from "./config-fields.ts";
import { StartError } from "./start-error.ts";

export interface ConfigSources {
  /** Command line without node and script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables with a name of their own, e.g. `LINK` for `link.kind`. */
  readonly envAliases?: Readonly<Record<string, string>>;
  /** Prefixed variables that are no settings, e.g. for tests. */
  readonly ignoredEnvPrefixes?: readonly string[];
}

export interface LoadedConfig<Config> {
  readonly config: Config;
  readonly fields: readonly ConfigField[];
  /** Words of the command line that are no settings: `--help`, `--version`, `--print-config`. */
  readonly requests: ReadonlySet<string>;
}

const REQUESTS = new Set(["--help", "-h", "--version", "--print-config"]);

/**
 * Settings from a file (`--config`, or `TIDEWIRE_CONFIG`; YAML or JSON), the environment, and flags; later ones win. An
 * unknown key in any of them is refused, because a setting that is misspelt and ignored is found out in production.
 */
export function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  sources: ConfigSources,
): LoadedConfig<z.output<Schema>> {
  const fields = configFields(schema);
  const flags = readFlags(fields, sources.args);
  const file = flags.configFile ?? sources.env["TIDEWIRE_CONFIG"];
  const merged = file === undefined ? {} : readConfigFile(file);
  for (const [field, text] of readEnv(fields, sources)) setPath(merged, field.path, parseFieldText(field, text));
  for (const [field, text] of flags.values) setPath(merged, field.path, parseFieldText(field, text));
  if (flags.requests.has("--help") || flags.requests.has("-h") || flags.requests.has("--version")) {
    return { config: merged as z.output<Schema>, fields, requests: flags.requests };
  }
  const result = schema.safeParse(merged);
  if (!result.success) {
    const issues = result.error.issues.map((issue) => `${issue.path.join(".") || "configuration"}: ${issue.message}`);
    throw new StartError(`the configuration is wrong: ${issues.join("; ")} (--help lists every setting)`, 2);
  }
  return { config: result.data, fields, requests: flags.requests };
}

function readFlags(fields: readonly ConfigField[], args: readonly string[]) {
  const byFlag = new Map(fields.map((field) => [`--${field.path}`, field]));
  const values: [ConfigField, string][] = [];
  const requests = new Set<string>();
  let configFile: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    if (REQUESTS.has(word)) {
      requests.add(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const field = byFlag.get(name);
    if (field === undefined && name !== "--config") {
      throw new StartError(`unknown argument ${name} (--help lists every setting)`, 2);
    }
    const next = args[index + 1];
    let text: string;
    if (equals >= 0) text = word.slice(equals + 1);
    else if (field?.kind === "boolean" && next !== "true" && next !== "false") text = "true";
    else if (next === undefined) throw new StartError(`${name} needs a value`, 2);
    else text = args[++index]!;
    if (field === undefined) configFile = text;
    else values.push([field, text]);
  }
  return { values, requests, configFile };
}

function readEnv(fields: readonly ConfigField[], sources: ConfigSources): [ConfigField, string][] {
  const byEnv = new Map(fields.map((field) => [field.env, field]));
  const byPath = new Map(fields.map((field) => [field.path, field]));
  const values: [ConfigField, string][] = [];
  for (const [alias, path] of Object.entries(sources.envAliases ?? {})) {
    const text = sources.env[alias];
    const field = byPath.get(path);
    if (text !== undefined && field !== undefined) values.push([field, text]);
  }
  for (const [name, text] of Object.entries(sources.env)) {
    if (!name.startsWith("TIDEWIRE_") || name === "TIDEWIRE_CONFIG" || text === undefined) continue;
    if ((sources.ignoredEnvPrefixes ?? []).some((prefix) => name.startsWith(prefix))) continue;
    const field = byEnv.get(name);
    if (field === undefined) {
      throw new StartError(`unknown environment variable ${name} (--help lists every setting)`, 2);
    }
    values.push([field, text]);
  }
  return values;
}

function readConfigFile(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`cannot read the configuration file ${file}: ${(error as Error).message}`, 2);
  }
  try {
    // JSON is YAML, so one parser reads both.
    const parsed: unknown = parseYaml(text) ?? {};
    if (typeof parsed !== "object" || Array.isArray(parsed)) throw new Error("it must hold one object");
    return parsed as Record<string, unknown>;
  } catch (error) {
    throw new StartError(`the configuration file ${file} is not valid: ${(error as Error).message}`, 2);
  }
}

function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const segments = path.split(".");
  const last = segments.pop()!;
  let at = target;
  for (const segment of segments) {
    const next = at[segment];
    if (typeof next === "object" && next !== null && !Array.isArray(next)) at = next as Record<string, unknown>;
    else {
      const created: Record<string, unknown> = {};
      at[segment] = created;
      at = created;
    }
  }
  at[last] = value;
}
