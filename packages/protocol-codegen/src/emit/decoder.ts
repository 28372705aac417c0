import { enumReaderOf, reservedWords } from "../model/generated-names.ts";
import type { EnumType, Field, MessageType, UnionType } from "../model/protocol.ts";
import { NumberedNames, pathOf } from "./encoder.ts";
import { elementMinBytes, fixedWidthOf, type LayoutPart, layoutOf } from "./field-layout.ts";
import type { Printer } from "./printer.ts";
import { elementTypeOf, typeOf } from "./typescript-types.ts";

/** What generated decoders call by these names themselves. */
const LOCAL_NAMES = new Set(["reader", "mapKey", "item", "index", "malformed", "outOfBounds"]);

/** One function per message. The result is one object literal, so that all results share one shape. */
export function emitMessageDecoder(message: MessageType, out: Printer): void {
  const emit = new MessageDecoder(message, out);
  out.block(`export function decode${message.name}(reader: Reader): ${message.name} {`, () => emit.body());
}

export function emitUnionDecoder(union: UnionType, out: Printer): void {
  out.block(`export function decode${union.name}(reader: Reader): ${union.name} {`, () => {
    out.block("switch (reader.view.getUint8(reader.take(1))) {", () => {
      for (const variant of union.variants) {
        out.line(`case ${variant.id}:`);
        out.line(`  return { kind: "${variant.name}", value: decode${variant.type}(reader) };`);
      }
      out.line("default:");
      if (union.unknown === "skip") {
        out.line("  reader.position = reader.end;");
        out.line(`  return { kind: "unknown", value: undefined };`);
      } else {
        out.line(`  throw outOfBounds("${union.name}", "a known variant");`);
      }
    });
  });
}

export function emitEnumConverters(type: EnumType, out: Printer): void {
  out.block(`export function numberOf${type.name}(value: ${type.name}, field: string): number {`, () => {
    out.block("switch (value) {", () => {
      for (const value of type.values)
        out.line(`case ${JSON.stringify(value.name)}:`).line(`  return ${value.number};`);
      out.line("default:").line(`  throw outOfBounds(field, "a ${type.name}");`);
    });
  });
  out.line();
  out.block(`export function ${enumReaderOf(type.name)}(number: number, field: string): ${type.name} {`, () => {
    out.block("switch (number) {", () => {
      for (const value of type.values)
        out.line(`case ${value.number}:`).line(`  return ${JSON.stringify(value.name)};`);
      if (type.fallback === undefined) out.line("default:").line(`  throw outOfBounds(field, "a ${type.name}");`);
      else
        out
          .line("case 0:")
          .line(`  throw outOfBounds(field, "a ${type.name}");`)
          .line("default:")
          .line(`  return ${JSON.stringify(type.fallback)};`);
    });
  });
}

class MessageDecoder {
  readonly #message: MessageType;
  readonly #out: Printer;
  readonly #names = new NumberedNames("at");
  readonly #ends = new NumberedNames("end");

  constructor(message: MessageType, out: Printer) {
    this.#message = message;
    this.#out = out;
  }

  body(): void {
    const out = this.#out;
    for (const group of layoutOf(this.#message)) {
      if (group.since === 1) {
        for (const part of group.parts) this.#part(part, "const ");
        continue;
      }
      const fields = group.parts.flatMap((part) => (part.kind === "fixed" ? part.fields : [part.field]));
      for (const field of fields) out.line(`let ${localOf(field)}: ${typeOf(field)} = ${this.#missing(field)};`);
      out.line(`// Since version ${group.since}; an older sender ends before it.`);
      out.block("if (reader.position < reader.end) {", () => {
        for (const part of group.parts) this.#part(part, "");
      });
    }
    out.line("reader.position = reader.end;");
    const members = this.#message.fields.map((field) =>
      localOf(field) === field.name ? field.name : `${field.name}: ${localOf(field)}`,
    );
    out.line(members.length === 0 ? "return {};" : `return { ${members.join(", ")} };`);
  }

  /** @param declare `const ` to declare the local, empty to assign to it. */
  #part(part: LayoutPart, declare: string): void {
    if (part.kind === "other") return this.#field(part.field, declare);
    const at = this.#names.next();
    this.#out.line(`const ${at} = reader.take(${part.bytes});`);
    let offset = 0;
    for (const field of part.fields) {
      const where = offset === 0 ? at : `${at} + ${offset}`;
      this.#out.line(`${declare}${localOf(field)} = ${get(field, where, pathOf(this.#message, field))};`);
      offset += fixedWidthOf(field) ?? 0;
    }
  }

  #field(field: Field, declare: string): void {
    const out = this.#out;
    const local = localOf(field);
    const path = pathOf(this.#message, field);
    const simple = field.container === "single" ? simpleRead(field, path) : undefined;
    if (simple !== undefined) {
      const absent = fixedWidthOf(field) === undefined ? "reader.isAbsent()" : `!reader.isPresent(${path})`;
      out.line(`${declare}${local} = ${field.isOptional ? `${absent} ? undefined : ${simple}` : simple};`);
    } else if (field.isOptional) {
      if (declare !== "") out.line(`let ${local}: ${typeOf(field)};`);
      out.block("if (!reader.isAbsent()) {", () => this.#compound(field, path, `${local} =`));
    } else {
      this.#compound(field, path, `${declare}${local} =`);
    }
  }

  /** A nested message, a union, a list or a map: several statements, of which one begins with `assign`. */
  #compound(field: Field, path: string, assign: string): void {
    const out = this.#out;
    if (field.container === "single") {
      this.#element(field, path, (value) => out.line(`${assign} ${value};`));
      return;
    }
    const counted = this.#names.next();
    const container = this.#names.next();
    const type = elementTypeOf(field);
    out.line(`const ${counted} = reader.count(${field.maxCount}, ${elementMinBytes(field)}, ${path});`);
    if (field.container === "list") {
      out.line(`const ${container}: ${type}[] = [];`);
      out.block(`for (let index = 0; index < ${counted}; index++) {`, () => {
        this.#element(field, path, (value) => out.line(`${container}.push(${value});`));
      });
    } else {
      out.line(`const ${container} = new Map<string, ${type}>();`);
      out.block(`for (let index = 0; index < ${counted}; index++) {`, () => {
        out.line(`const mapKey = reader.string(${field.keyMaxLength}, ${path});`);
        this.#element(field, path, (value) => out.line(`${container}.set(mapKey, ${value});`));
      });
      out.line(`if (${container}.size !== ${counted}) throw malformed(${path}, "has a key twice");`);
    }
    out.line(`${assign} ${container};`);
  }

  #element(field: Field, path: string, use: (value: string) => void): void {
    const simple = simpleRead(field, path);
    if (simple !== undefined) return use(simple);
    const end = this.#ends.next();
    this.#out.line(`const ${end} = reader.enter(${path});`);
    use(`decode${field.type.name}(reader)`);
    this.#out.line(`reader.leave(${end});`);
  }

  #missing(field: Field): string {
    if (field.isOptional) return "undefined";
    if (field.container === "list") return "[]";
    if (field.container === "map") return "new Map()";
    const text = field.defaultText ?? "";
    if (field.type.kind === "enum") return JSON.stringify(text);
    switch (field.type.name) {
      case "string":
      case "json":
        return JSON.stringify(text);
      case "u64":
      case "i64":
        return `${text}n`;
      default:
        return text;
    }
  }
}

/** The expression that reads one value, where one expression is enough. */
function simpleRead(field: Field, path: string): string | undefined {
  const width = fixedWidthOf(field);
  if (width !== undefined) return get(field, `reader.take(${width})`, path);
  if (field.type.kind !== "scalar") return undefined;
  if (field.type.name === "bytes") return `reader.bytes(${field.minBytes}, ${field.maxBytes}, ${path})`;
  return `reader.string(${field.maxLength}, ${path})`;
}

function get(field: Field, at: string, path: string): string {
  if (field.type.kind === "enum") return `${enumReaderOf(field.type.name)}(reader.view.getUint8(${at}), ${path})`;
  switch (field.type.name) {
    case "u8":
      return `reader.view.getUint8(${at})`;
    case "u16":
      return `reader.view.getUint16(${at}, true)`;
    case "u32":
      return `reader.view.getUint32(${at}, true)`;
    case "i32":
      return `reader.view.getInt32(${at}, true)`;
    case "u64":
      return `reader.view.getBigUint64(${at}, true)`;
    case "i64":
      return `reader.view.getBigInt64(${at}, true)`;
    case "f64":
      return `reader.view.getFloat64(${at}, true)`;
    case "bool":
      return `reader.bool(${at}, ${path})`;
    default:
      return `reader.u53(${at}, ${path})`;
  }
}

/**
 * The local variable of a field. Names that mean something else inside a generated function, among them the functions it
 * calls (`decodeCard`, `suitOf`) and its own numbered locals, get an underscore, which no field name has.
 */
function localOf(field: Field): string {
  const isTaken =
    reservedWords.has(field.name) ||
    LOCAL_NAMES.has(field.name) ||
    /^(at|end)[0-9]+$|^decode[A-Z]|Of$/.test(field.name);
  return isTaken ? `${field.name}_` : field.name;
}
