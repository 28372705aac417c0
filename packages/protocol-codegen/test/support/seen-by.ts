import type { Field, Protocol } from "../../src/model/protocol.ts";

/** What a reader built from `reader` makes of a value that a sender built from `sender` wrote: the law of evolution. */
export function seenBy(reader: Protocol, sender: Protocol, type: string, value: unknown): unknown {
  const message = reader.messages.find((candidate) => candidate.name === type);
  if (message === undefined) return unionSeenBy(reader, sender, type, value as { kind: string; value: unknown });
  const sent = new Set(sender.messages.find((candidate) => candidate.name === type)?.fields.map((field) => field.id));
  return Object.fromEntries(
    message.fields.map((field) => [
      field.name,
      sent.has(field.id)
        ? fieldSeenBy(reader, sender, field, (value as Record<string, unknown>)[field.name])
        : defaultOf(field),
    ]),
  );
}

function unionSeenBy(
  reader: Protocol,
  sender: Protocol,
  type: string,
  value: { kind: string; value: unknown },
): unknown {
  const union = reader.unions.find((candidate) => candidate.name === type);
  const variant = union?.variants.find((candidate) => candidate.name === value.kind);
  return variant === undefined
    ? { kind: "unknown", value: undefined }
    : { kind: variant.name, value: seenBy(reader, sender, variant.type, value.value) };
}

function fieldSeenBy(reader: Protocol, sender: Protocol, field: Field, value: unknown): unknown {
  const one = (item: unknown): unknown => {
    if (field.type.kind === "message" || field.type.kind === "union")
      return seenBy(reader, sender, field.type.name, item);
    if (field.type.kind !== "enum") return item;
    const type = reader.enums.find((candidate) => candidate.name === field.type.name);
    return type?.values.some((candidate) => candidate.name === item) === true ? item : type?.fallback;
  };
  if (value === undefined) return undefined;
  if (field.container === "list") return (value as readonly unknown[]).map(one);
  if (field.container === "map") {
    return new Map([...(value as ReadonlyMap<string, unknown>)].map(([key, item]) => [key, one(item)]));
  }
  return one(value);
}

function defaultOf(field: Field): unknown {
  if (field.container === "list") return [];
  if (field.container === "map") return new Map();
  if (field.isOptional || field.defaultText === undefined) return undefined;
  const isNumber = field.type.kind === "scalar" && !["string", "json", "bool"].includes(field.type.name);
  return isNumber
    ? Number(field.defaultText)
    : field.type.name === "bool"
      ? field.defaultText === "true"
      : field.defaultText;
}
