import fc from "fast-check";
import type { Field, Protocol } from "../../src/model/protocol.ts";

/** Arbitrary values of a message or union of a protocol, as its generated types describe them. */
export function messageArbitrary(protocol: Protocol, type: string): fc.Arbitrary<unknown> {
  const message = protocol.messages.find((candidate) => candidate.name === type);
  if (message !== undefined) {
    return fc.record(Object.fromEntries(message.fields.map((field) => [field.name, fieldArbitrary(protocol, field)])), {
      noNullPrototype: true,
    });
  }
  const variants = protocol.unions.find((candidate) => candidate.name === type)?.variants ?? [];
  return fc.oneof(
    ...variants.map((variant) =>
      fc.record(
        { kind: fc.constant(variant.name), value: messageArbitrary(protocol, variant.type) },
        { noNullPrototype: true },
      ),
    ),
  );
}

function fieldArbitrary(protocol: Protocol, field: Field): fc.Arbitrary<unknown> {
  const value = valueArbitrary(protocol, field);
  const maxLength = Math.min(field.maxCount, 6);
  if (field.container === "list") return fc.array(value, { maxLength });
  if (field.container === "map") {
    const key = text(Math.min(field.keyMaxLength, 30));
    return fc
      .uniqueArray(fc.tuple(key, value), { maxLength, selector: ([name]) => name })
      .map((entries) => new Map(entries));
  }
  return field.isOptional ? fc.option(value, { nil: undefined }) : value;
}

function valueArbitrary(protocol: Protocol, field: Field): fc.Arbitrary<unknown> {
  switch (field.type.kind) {
    case "enum":
      return fc.constantFrom(
        ...(protocol.enums.find((type) => type.name === field.type.name)?.values ?? []).map((value) => value.name),
      );
    case "message":
    case "union":
      return messageArbitrary(protocol, field.type.name);
    default:
      return scalarArbitrary(field);
  }
}

function scalarArbitrary(field: Field): fc.Arbitrary<unknown> {
  switch (field.type.name) {
    case "u8":
      return fc.integer({ min: 0, max: 0xff });
    case "u16":
      return fc.integer({ min: 0, max: 0xffff });
    case "u32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "i32":
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    case "u53":
      return fc.maxSafeNat();
    case "u64":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "i64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "f64":
      return fc.double();
    case "bool":
      return fc.boolean();
    case "bytes":
      return fc.uint8Array({ minLength: field.minBytes, maxLength: Math.min(field.maxBytes, field.minBytes + 60) });
    default:
      return text(Math.min(field.maxLength, 80));
  }
}

/** Well-formed text of at most `maxLength` UTF-16 units, short and ASCII more often than not. */
function text(maxLength: number): fc.Arbitrary<string> {
  const whole = fc
    .string({ unit: "binary", maxLength })
    .map((value) => value.slice(0, maxLength).replace(/[\ud800-\udbff]$/, ""));
  return fc.oneof({ weight: 2, arbitrary: fc.string({ maxLength }) }, { weight: 1, arbitrary: whole });
}
