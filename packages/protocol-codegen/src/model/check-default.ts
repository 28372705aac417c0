import type { AddProblem } from "./check-names.ts";
import type { Field, Protocol, ScalarName } from "./protocol.ts";

const integerRanges: Readonly<Partial<Record<ScalarName, readonly [min: bigint, max: bigint]>>> = {
  u8: [0n, 2n ** 8n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u53: [0n, 2n ** 53n - 1n],
  u64: [0n, 2n ** 64n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** A default stands in generated code as it is written, so it must be a value of its field there. */
export function checkDefault(protocol: Protocol, field: Field, where: string, add: AddProblem): void {
  const text = field.defaultText;
  if (text === undefined) return;
  if (field.isOptional || field.container !== "single") {
    add(field.line, where, "needs no default", "Remove default: it is absent, or empty, by itself");
  } else if (field.type.kind === "enum") {
    const values = protocol.enums.find((type) => type.name === field.type.name)?.values ?? [];
    if (values.some((value) => value.name === text)) return;
    const names = values.map((value) => value.name).join(", ");
    add(field.line, where, `default "${text}" is no value of ${field.type.name}`, `Use one of: ${names}`);
  } else if (field.type.kind !== "scalar" || field.type.name === "bytes") {
    add(field.line, where, "cannot have a default", 'Use optional="true"');
  } else {
    const fault = scalarFault(field, field.type.name, text);
    if (fault !== undefined) add(field.line, where, fault.problem, fault.fix);
  }
}

function scalarFault(field: Field, type: ScalarName, text: string): { problem: string; fix: string } | undefined {
  const notOne = { problem: `default "${text}" is no ${type}`, fix: "Give a value of the field's type" };
  switch (type) {
    case "bool":
      return /^(true|false)$/.test(text) ? undefined : notOne;
    case "f64":
      return /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text) ? undefined : notOne;
    case "string":
    case "json":
      if (text.length > field.maxLength) {
        return {
          problem: `default is longer than ${field.maxLength} characters`,
          fix: "Shorten it or raise maxLength",
        };
      }
      if (type === "string" || isJson(text)) return undefined;
      return { problem: `default "${text}" is no JSON`, fix: 'Give JSON text, for example "{}"' };
    default: {
      const [min, max] = integerRanges[type] ?? [0n, 0n];
      if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return notOne;
      if (BigInt(text) >= min && BigInt(text) <= max) return undefined;
      return { problem: `default "${text}" is out of range`, fix: `Use an integer from ${min} to ${max}` };
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
