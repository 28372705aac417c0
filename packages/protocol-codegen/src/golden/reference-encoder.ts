import type { Field, MessageType, Protocol, UnionType } from "../model/protocol.ts";

/**
 * The format of wire/FORMAT.md once more, driven by the model and written to be read: the second opinion that golden
 * bytes come from and generated encoders are tested against. Bounds are not its business.
 */
export class ReferenceEncoder {
  readonly #protocol: Protocol;
  readonly #version: number;

  /** @param version of the sender: fields of later versions are left out. */
  constructor(protocol: Protocol, version: number = protocol.version) {
    this.#protocol = protocol;
    this.#version = version;
  }

  /** @param type name of a message or union. */
  encode(type: string, value: unknown): Buffer {
    const message = this.#protocol.messages.find((candidate) => candidate.name === type);
    if (message !== undefined) return this.#message(message, value as Record<string, unknown>);
    const union = this.#protocol.unions.find((candidate) => candidate.name === type);
    if (union !== undefined) return this.#union(union, value as { kind: string; value: unknown });
    throw new Error(`${type} is no message or union of ${this.#protocol.name}`);
  }

  #message(message: MessageType, value: Readonly<Record<string, unknown>>): Buffer {
    const fields = message.fields.filter((field) => field.since <= this.#version);
    return Buffer.concat(fields.map((field) => this.#field(field, value[field.name])));
  }

  #union(union: UnionType, value: { readonly kind: string; readonly value: unknown }): Buffer {
    const variant = union.variants.find((candidate) => candidate.name === value.kind);
    if (variant === undefined) throw new Error(`${value.kind} is no variant of ${union.name}`);
    return Buffer.concat([u8(variant.id), this.encode(variant.type, value.value)]);
  }

  #field(field: Field, value: unknown): Buffer {
    if (field.container === "list") {
      const items = value as readonly unknown[];
      return Buffer.concat([u32(items.length), ...items.map((item) => this.#value(field, item))]);
    }
    if (field.container === "map") {
      const entries = [...(value as ReadonlyMap<string, unknown>)];
      return Buffer.concat([
        u32(entries.length),
        ...entries.flatMap(([key, item]) => [prefixed(Buffer.from(key)), this.#value(field, item)]),
      ]);
    }
    if (!field.isOptional) return this.#value(field, value);
    if (isFixedWidth(field)) return value === undefined ? u8(0) : Buffer.concat([u8(1), this.#value(field, value)]);
    return value === undefined ? u32(0xffff_ffff) : this.#value(field, value);
  }

  #value(field: Field, value: unknown): Buffer {
    switch (field.type.kind) {
      case "enum": {
        const type = this.#protocol.enums.find((candidate) => candidate.name === field.type.name);
        return u8(type?.values.find((candidate) => candidate.name === value)?.number ?? 0);
      }
      case "message":
      case "union":
        return prefixed(this.encode(field.type.name, value));
      default:
        return scalar(field.type.name, value);
    }
  }
}

function isFixedWidth(field: Field): boolean {
  if (field.type.kind === "scalar") return !["string", "json", "bytes"].includes(field.type.name);
  return field.type.kind === "enum";
}

function scalar(name: string, value: unknown): Buffer {
  const eight = Buffer.alloc(8);
  switch (name) {
    case "u8":
      return u8(value as number);
    case "bool":
      return u8(value === true ? 1 : 0);
    case "u16":
      return eight.subarray(0, eight.writeUInt16LE(value as number));
    case "u32":
      return u32(value as number);
    case "i32":
      return eight.subarray(0, eight.writeInt32LE(value as number));
    case "u53":
      return eight.subarray(0, eight.writeBigUInt64LE(BigInt(value as number)));
    case "u64":
      return eight.subarray(0, eight.writeBigUInt64LE(value as bigint));
    case "i64":
      return eight.subarray(0, eight.writeBigInt64LE(value as bigint));
    case "f64":
      return eight.subarray(0, eight.writeDoubleLE(value as number));
    case "bytes":
      return prefixed(value as Uint8Array);
    default:
      return prefixed(Buffer.from(value as string));
  }
}

function u8(value: number): Buffer {
  return Buffer.of(value);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function prefixed(bytes: Uint8Array): Buffer {
  return Buffer.concat([u32(bytes.length), bytes]);
}
