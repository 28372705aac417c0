import type { Field, Protocol } from "../model/protocol.ts";
import { Printer } from "./printer.ts";

/** Interfaces, string-literal unions for enums, and `{kind, value}` unions. */
export function emitTypes(protocol: Protocol): string {
  const out = new Printer();
  for (const type of protocol.enums) {
    out.line().doc(type.documentation);
    const names = type.values.map((value) => JSON.stringify(value.name));
    out.line(`export type ${type.name} = ${names.join(" | ")};`);
  }
  for (const type of protocol.messages) {
    out.line().doc(type.documentation);
    out.block(`export interface ${type.name} {`, () => {
      for (const field of type.fields) {
        out.doc(field.documentation);
        out.line(`readonly ${field.name}${field.isOptional ? "?" : ""}: ${typeOf(field)};`);
      }
    });
  }
  for (const type of protocol.unions) {
    out.line().doc(type.documentation);
    const variants = type.variants.map(
      (variant) => `{ readonly kind: "${variant.name}"; readonly value: ${variant.type} }`,
    );
    if (type.unknown === "skip") variants.push(`{ readonly kind: "unknown"; readonly value: undefined }`);
    out.line(`export type ${type.name} =`);
    variants.forEach((variant, index) => {
      out.line(`  | ${variant}${index === variants.length - 1 ? ";" : ""}`);
    });
  }
  return out.toString();
}

export function typeOf(field: Field): string {
  const type = elementTypeOf(field);
  const contained =
    field.container === "list"
      ? `readonly ${type}[]`
      : field.container === "map"
        ? `ReadonlyMap<string, ${type}>`
        : type;
  return field.isOptional ? `${contained} | undefined` : contained;
}

/** The type of one element of a list or map, or of the field itself. */
export function elementTypeOf(field: Field): string {
  if (field.type.kind !== "scalar") return field.type.name;
  switch (field.type.name) {
    case "bool":
      return "boolean";
    case "string":
    case "json":
      return "string";
    case "bytes":
      return "Uint8Array";
    case "u64":
    case "i64":
      return "bigint";
    default:
      return "number";
  }
}
