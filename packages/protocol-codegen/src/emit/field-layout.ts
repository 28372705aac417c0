import type { Field, MessageType } from "../model/protocol.ts";

/** Bytes of a value that always takes the same room, or `undefined`. */
export function fixedWidthOf(field: Field): number | undefined {
  if (field.type.kind === "enum") return 1;
  if (field.type.kind !== "scalar") return undefined;
  switch (field.type.name) {
    case "u8":
    case "bool":
      return 1;
    case "u16":
      return 2;
    case "u32":
    case "i32":
      return 4;
    case "u53":
    case "u64":
    case "i64":
    case "f64":
      return 8;
    default:
      return undefined;
  }
}

/** The least one element takes on the wire; a hostile count is checked against it. */
export function elementMinBytes(field: Field): number {
  return (fixedWidthOf(field) ?? 4) + (field.container === "map" ? 4 : 0);
}

/** Neighbours on the wire that share one bounds check, or one field of any other kind. */
export type LayoutPart =
  | { readonly kind: "fixed"; readonly fields: readonly Field[]; readonly bytes: number }
  | { readonly kind: "other"; readonly field: Field };

/** The fields of one version of the protocol; a message ends after any of its groups. */
export interface LayoutGroup {
  readonly since: number;
  readonly parts: readonly LayoutPart[];
}

/** A message as the codec sees it: groups by version, and runs of fixed width inside them. */
export function layoutOf(message: MessageType): LayoutGroup[] {
  const groups: { since: number; parts: LayoutPart[] }[] = [{ since: 1, parts: [] }];
  for (const field of message.fields) {
    let group = groups.at(-1);
    if (group === undefined || group.since !== field.since) {
      group = { since: field.since, parts: [] };
      groups.push(group);
    }
    const width = fixedWidthOf(field);
    const last = group.parts.at(-1);
    if (width === undefined || field.isOptional || field.container !== "single") {
      group.parts.push({ kind: "other", field });
    } else if (last?.kind === "fixed") {
      group.parts[group.parts.length - 1] = {
        kind: "fixed",
        fields: [...last.fields, field],
        bytes: last.bytes + width,
      };
    } else {
      group.parts.push({ kind: "fixed", fields: [field], bytes: width });
    }
  }
  return groups;
}
