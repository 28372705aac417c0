import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkScalar, describeType } from "./scalar-check.ts";
import { isContainer, type SchemaNode } from "./schema-node.ts";
import { StateError } from "./state-error.ts";

/** A schema as a validator of plain data, so that `message(record({...}), ...)` needs no other library. */
export function standardProps(node: SchemaNode): StandardSchemaV1.Props<unknown, unknown> {
  return {
    version: 1,
    vendor: "tidewire",
    validate(value) {
      const path: string[] = [];
      try {
        return { value: checkPlain(node, value, path) };
      } catch (thrown) {
        if (!(thrown instanceof StateError)) throw thrown;
        return { issues: [{ message: thrown.message, path }] };
      }
    },
  };
}

/** Leaves `path` at the place of the fault when it throws. */
function checkPlain(node: SchemaNode, value: unknown, path: string[]): unknown {
  if (value === undefined) {
    if (node.defaultValue !== undefined) return node.defaultValue;
    if (node.isOptional) return undefined;
    if (isContainer(node)) return node.kind === "map" ? {} : [];
    throw new StateError("is missing");
  }
  switch (node.kind) {
    case "list":
    case "table":
      if (!Array.isArray(value)) throw new StateError(`expected an array, got ${describeType(value)}`);
      return value.map((item, position) => at(path, String(position), () => checkPlain(node.element!, item, path)));
    case "map":
      return Object.fromEntries(
        Object.entries(objectOf(value)).map(([key, item]) => [
          key,
          at(path, key, () => checkPlain(node.element!, item, path)),
        ]),
      );
    case "record":
      return checkFields(node.fields!, objectOf(value), path);
    default:
      return checkScalar(node, value);
  }
}

function checkFields(
  fields: Readonly<Record<string, SchemaNode>>,
  value: Record<string, unknown>,
  path: string[],
): unknown {
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key))
      at(path, key, () => {
        throw new StateError("is not a known field");
      });
  }
  const checked: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const item = Object.hasOwn(value, name) ? value[name] : undefined;
    const result = at(path, name, () => checkPlain(field, item, path));
    if (result !== undefined) checked[name] = result;
  }
  return checked;
}

function at<Result>(path: string[], step: string, check: () => Result): Result {
  path.push(step);
  const result = check();
  path.pop();
  return result;
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new StateError(`expected an object, got ${describeType(value)}`);
  }
  return value as Record<string, unknown>;
}
