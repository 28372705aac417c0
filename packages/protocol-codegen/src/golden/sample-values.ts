import type { Field, Protocol } from "../model/protocol.ts";

export const sampleLabels = ["smallest", "typical", "largest"] as const;
export type SampleLabel = (typeof sampleLabels)[number];

/** Fixed values of every message and union, chosen for what codecs get wrong: the ends of each range, other scripts. */
export class SampleValues {
  readonly #protocol: Protocol;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** Samples of a message or union by name. A union gives one per variant. */
  of(type: string, label: SampleLabel): unknown[] {
    const union = this.#protocol.unions.find((candidate) => candidate.name === type);
    if (union === undefined) return [this.#message(type, label)];
    return union.variants.map((variant) => ({ kind: variant.name, value: this.#message(variant.type, label) }));
  }

  #message(name: string, label: SampleLabel): Record<string, unknown> {
    const fields = this.#protocol.messages.find((message) => message.name === name)?.fields ?? [];
    return Object.fromEntries(fields.map((field) => [field.name, this.#field(field, label)]));
  }

  #field(field: Field, label: SampleLabel): unknown {
    const count = Math.min(label === "smallest" ? 0 : label === "typical" ? 1 : 3, field.maxCount);
    if (field.container === "list") return Array.from({ length: count }, () => this.#value(field, label));
    if (field.container === "map") {
      return new Map(Array.from({ length: count }, (_, index) => [`key ${index}`, this.#value(field, label)]));
    }
    return field.isOptional && label === "smallest" ? undefined : this.#value(field, label);
  }

  #value(field: Field, label: SampleLabel): unknown {
    switch (field.type.kind) {
      case "enum": {
        const names = this.#protocol.enums.find((type) => type.name === field.type.name)?.values ?? [];
        return names.at(label === "largest" ? -1 : 0)?.name;
      }
      case "union":
        return this.of(field.type.name, label).at(label === "largest" ? -1 : 0);
      case "message":
        return this.#message(field.type.name, label);
      default:
        return scalarSample(field, label);
    }
  }
}

function scalarSample(field: Field, label: SampleLabel): unknown {
  const pick = <Value>(smallest: Value, typical: Value, largest: Value): Value =>
    label === "smallest" ? smallest : label === "typical" ? typical : largest;
  switch (field.type.name) {
    case "u8":
      return pick(0, 7, 0xff);
    case "u16":
      return pick(0, 700, 0xffff);
    case "u32":
      return pick(0, 70_000, 0xffff_ffff);
    case "i32":
      return pick(-(2 ** 31), -7, 2 ** 31 - 1);
    case "u53":
      return pick(0, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER);
    case "u64":
      return pick(0n, 2n ** 53n + 1n, 2n ** 64n - 1n);
    case "i64":
      return pick(-(2n ** 63n), -7n, 2n ** 63n - 1n);
    case "f64":
      return pick(0, -1.5, Number.MAX_VALUE);
    case "bool":
      return pick(false, true, true);
    case "json":
      return pick("0", '{"a":[1,null]}', `{"text":"${"äß€😀".repeat(4)}"}`).slice(0, field.maxLength);
    case "bytes":
      return bytesSample(field, pick(0, 5, 40));
    default:
      // Four-byte characters take two UTF-16 units: cut on a whole one.
      return cutWhole(pick("", "text", `${field.name} äß€😀`.repeat(2)), field.maxLength);
  }
}

function bytesSample(field: Field, length: number): Uint8Array {
  const bounded = Math.max(field.minBytes, Math.min(length, field.maxBytes));
  return Uint8Array.from({ length: bounded }, (_, index) => (index * 37 + 1) & 0xff);
}

function cutWhole(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, "");
}
