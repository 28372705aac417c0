import type { ConfigField } from "./config-fields.ts";

/** The answer to `--help`: every setting with its flag, its variable, its default and its meaning. */
export function helpText(name: string, description: string, fields: readonly ConfigField[]): string {
  const lines = fields.flatMap((field) => [
    `  --${field.path} <${field.kind}>`,
    `      ${field.description}${field.defaultText === undefined ? "" : ` (default ${field.defaultText})`}`,
    `      ${field.env}`,
  ]);
  return [
    `${name}: ${description}`,
    "",
    `usage: ${name} [--config FILE] [--SETTING VALUE ...]`,
    "",
    "Settings come from a YAML or JSON file, the environment and flags; later ones win; unknown ones are refused.",
    "  --config FILE    settings file (TIDEWIRE_CONFIG)",
    "  --print-config   print the effective settings, without secrets, and exit",
    "  --version        print the version and exit",
    "  --help           this text",
    "",
    "settings:",
    ...lines,
    "",
  ].join("\n");
}
