import { ServiceError } from "@tidewire/foundation";
import { checkDepth, isArray, type JsonObject, type JsonValue } from "./json.ts";

/**
 * RFC 8785: keys sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them (which is what
 * the RFC prescribes). A field that is `undefined` is absent. A lone surrogate, an error in the RFC, is written as its
 * escape, so that every state has a hash. Throws `invalid_argument` for what is not JSON: NaN, infinities, functions.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0);
}

function write(value: JsonValue, depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw notJson("a number that is not finite");
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      checkDepth(depth);
      return isArray(value) ? writeArray(value, depth) : writeObject(value, depth);
    default:
      throw notJson(`a ${typeof value}`);
  }
}

function writeArray(array: readonly JsonValue[], depth: number): string {
  let text = "[";
  for (let position = 0; position < array.length; position++) {
    if (position > 0) text += ",";
    text += write(array[position]!, depth + 1);
  }
  return `${text}]`;
}

function writeObject(object: JsonObject, depth: number): string {
  let text = "{";
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${JSON.stringify(key)}:${write(value, depth + 1)}`;
  }
  return `${text}}`;
}

function notJson(what: string): ServiceError {
  return new ServiceError("invalid_argument", `${what} has no JSON form`, { details: { reason: "not_json" } });
}
