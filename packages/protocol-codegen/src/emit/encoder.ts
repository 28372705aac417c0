import type { Field, MessageType, UnionType } from "../model/protocol.ts";
import { fixedWidthOf, layoutOf } from "./field-layout.ts";
import type { Printer } from "./printer.ts";

/** One function per message: straight-line, one reservation per run of fixed-width fields. */
export function emitMessageEncoder(message: MessageType, out: Printer): void {
  const names = new NumberedNames("at");
  const parameter = message.fields.length === 0 ? "_message" : "message";
  const writer = message.fields.length === 0 ? "_writer" : "writer";
  out.block(`export function encode${message.name}(${writer}: Writer, ${parameter}: ${message.name}): void {`, () => {
    for (const part of layoutOf(message).flatMap((group) => group.parts)) {
      if (part.kind === "other") {
        emitField(message, part.field, names, out);
        continue;
      }
      const at = names.next();
      out.line(`const ${at} = writer.reserve(${part.bytes});`);
      let offset = 0;
      for (const field of part.fields) {
        const where = offset === 0 ? at : `${at} + ${offset}`;
        out.line(`${put(field, where, `message.${field.name}`, pathOf(message, field))};`);
        offset += fixedWidthOf(field) ?? 0;
      }
    }
  });
}

export function emitUnionEncoder(union: UnionType, out: Printer): void {
  out.block(`export function encode${union.name}(writer: Writer, union: ${union.name}): void {`, () => {
    out.block("switch (union.kind) {", () => {
      for (const variant of union.variants) {
        out.line(`case "${variant.name}":`);
        out.line(`  writer.putU8(writer.reserve(1), ${variant.id}, "${union.name}");`);
        out.line(`  encode${variant.type}(writer, union.value);`);
        out.line("  return;");
      }
      out.line("default:");
      out.line(`  throw outOfBounds("${union.name}", "a variant of ${union.name}");`);
    });
  });
}

function emitField(message: MessageType, field: Field, names: NumberedNames, out: Printer): void {
  const value = `message.${field.name}`;
  const path = pathOf(message, field);
  if (!field.isOptional) return emitContainer(field, value, path, names, out);
  const isFixed = field.container === "single" && fixedWidthOf(field) !== undefined;
  out.block(
    `if (${value} === undefined) {`,
    () => out.line(isFixed ? "writer.presence(false);" : "writer.absent();"),
    "} else {",
  );
  out.indented(() => {
    if (isFixed) out.line("writer.presence(true);");
    emitContainer(field, value, path, names, out);
  });
  out.line("}");
}

function emitContainer(field: Field, value: string, path: string, names: NumberedNames, out: Printer): void {
  if (field.container === "single") return emitValue(field, value, path, names, out);
  if (field.container === "list") {
    out.line(`writer.count(${value}.length, ${field.maxCount}, ${path});`);
    out.block(`for (const item of ${value}) {`, () => emitValue(field, "item", path, names, out));
    return;
  }
  out.line(`writer.count(${value}.size, ${field.maxCount}, ${path});`);
  out.block(`for (const [mapKey, item] of ${value}) {`, () => {
    out.line(`writer.string(mapKey, ${field.keyMaxLength}, ${path});`);
    emitValue(field, "item", path, names, out);
  });
}

function emitValue(field: Field, value: string, path: string, names: NumberedNames, out: Printer): void {
  if (field.type.kind === "message" || field.type.kind === "union") {
    const at = names.next();
    out.line(`const ${at} = writer.open();`);
    out.line(`encode${field.type.name}(writer, ${value});`);
    out.line(`writer.close(${at});`);
    return;
  }
  const width = fixedWidthOf(field);
  if (width !== undefined) {
    out.line(`${put(field, `writer.reserve(${width})`, value, path)};`);
  } else if (field.type.name === "bytes") {
    out.line(`writer.bytes(${value}, ${field.minBytes}, ${field.maxBytes}, ${path});`);
  } else {
    out.line(`writer.string(${value}, ${field.maxLength}, ${path});`);
  }
}

function put(field: Field, at: string, value: string, path: string): string {
  if (field.type.kind === "enum") return `writer.putU8(${at}, numberOf${field.type.name}(${value}, ${path}), ${path})`;
  const method = `put${field.type.name.charAt(0).toUpperCase()}${field.type.name.slice(1)}`;
  return `writer.${method}(${at}, ${value}, ${path})`;
}

/** `"Message.field"`, which an error names. */
export function pathOf(message: MessageType, field: Field): string {
  return `"${message.name}.${field.name}"`;
}

/** Local names of one generated function. */
export class NumberedNames {
  readonly #stem: string;
  #count = 0;

  constructor(stem: string) {
    this.#stem = stem;
  }

  next(): string {
    this.#count++;
    return `${this.#stem}${this.#count}`;
  }
}
