import type { z } from "zod";

/** One setting: a leaf of the configuration schema. */
export interface ConfigField {
  /** `edge.listen`: the key in a file, and the flag behind `--`. */
  readonly path: string;
  /** `TIDEWIRE_EDGE_LISTEN`. */
  readonly env: string;
  readonly kind: "string" | "number" | "boolean" | "list" | "json";
  readonly description: string;
  readonly defaultText: string | undefined;
}

/** The parts of zod's own introspection that are used here; stable since zod 4. */
interface SchemaDefinition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly defaultValue?: unknown;
}

const definitionOf = (schema: z.ZodType): SchemaDefinition => schema._zod.def;

/** Every leaf of an object schema, in the order of the schema. */
export function configFields(schema: z.ZodType, prefix: readonly string[] = []): ConfigField[] {
  const { core, description, defaultText } = unwrap(schema);
  const definition = definitionOf(core);
  if (definition.type === "object" && definition.shape !== undefined) {
    return Object.entries(definition.shape).flatMap(([key, child]) => configFields(child, [...prefix, key]));
  }
  return [
    {
      path: prefix.join("."),
      env: envNameOf(prefix),
      kind: kindOf(definition),
      description: description ?? "",
      defaultText,
    },
  ];
}

/** `["auth", "allowDevOnPublicAddress"]` is `TIDEWIRE_AUTH_ALLOW_DEV_ON_PUBLIC_ADDRESS`. */
export function envNameOf(path: readonly string[]): string {
  const words = path.map((segment) => segment.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return `TIDEWIRE_${words.join("_")}`;
}

/** Turns the text of a flag or an environment variable into what the schema expects; zod judges the result. */
export function parseFieldText(field: ConfigField, text: string): unknown {
  switch (field.kind) {
    case "number":
      return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
    case "boolean":
      return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
    case "list":
      return text === "" ? [] : text.split(",").map((item) => item.trim());
    case "json":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    case "string":
      return text;
  }
}

function unwrap(schema: z.ZodType): { core: z.ZodType; description?: string; defaultText?: string } {
  let core = schema;
  let description = core.description;
  let defaultText: string | undefined;
  for (;;) {
    const definition = definitionOf(core);
    if ("defaultValue" in definition && defaultText === undefined)
      defaultText = JSON.stringify(definition.defaultValue);
    const inner = definition.innerType ?? (definition.type === "pipe" ? definition.in : undefined);
    if (inner === undefined) break;
    core = inner;
    description ??= core.description;
  }
  return {
    core,
    ...(description === undefined ? {} : { description }),
    ...(defaultText === undefined ? {} : { defaultText }),
  };
}

function kindOf(definition: SchemaDefinition): ConfigField["kind"] {
  switch (definition.type) {
    case "number":
    case "int":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return "list";
    case "record":
    case "object":
      return "json";
    default:
      return "string";
  }
}
