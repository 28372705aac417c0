import { ServiceError } from "@tidewire/foundation";
import { checkDepth, isArray, type JsonObject, type JsonValue } from "./json.ts";

/**
 * Canonical texts of objects and arrays below the root, by identity. Values are immutable, so a text stays true; versions
 * of a view share what did not change, and with it the work of writing it again.
 */
export type CanonicalTexts = WeakMap<object, string>;

/**
 * RFC 8785: keys sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript writes them (which is what
 * the RFC prescribes). A field that is `undefined` is absent. A lone surrogate, an error in the RFC, is written as its
 * escape, so that every state has a hash. Throws `invalid_argument` for what is not JSON: NaN, infinities, functions.
 * With `texts`, what was written before is not written again.
 */
export function canonicalJson(value: JsonValue, texts?: CanonicalTexts): string {
  return write(value, 0, texts);
}

function write(value: JsonValue, depth: number, texts: CanonicalTexts | undefined): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      if (!Number.isFinite(value)) throw notJson("a number that is not finite");
      // String conversion is what JSON.stringify does to a finite number, -0 included.
      return `${value}`;
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      checkDepth(depth);
      return writeContainer(value, depth, texts);
    default:
      throw notJson(`a ${typeof value}`);
  }
}

function writeContainer(
  value: JsonObject | readonly JsonValue[],
  depth: number,
  texts: CanonicalTexts | undefined,
): string {
  const known = texts?.get(value);
  if (known !== undefined) return known;
  const text = isArray(value) ? writeArray(value, depth, texts) : writeObject(value, depth, texts);
  if (depth > 0) texts?.set(value, text);
  return text;
}

function writeArray(array: readonly JsonValue[], depth: number, texts: CanonicalTexts | undefined): string {
  let text = "[";
  for (let position = 0; position < array.length; position++) {
    if (position > 0) text += ",";
    text += write(array[position]!, depth + 1, texts);
  }
  return `${text}]`;
}

function writeObject(object: JsonObject, depth: number, texts: CanonicalTexts | undefined): string {
  let text = "{";
  for (const key of sortedKeys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${quote(key)}:${write(value, depth + 1, texts)}`;
  }
  return `${text}}`;
}

/** Most objects arrive in order; finding that out is cheaper than sorting them. */
function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  for (let index = 1; index < keys.length; index++) {
    if (keys[index - 1]! > keys[index]!) return keys.sort();
  }
  return keys;
}

// What needs an escape, or a look at what comes next: quotes, backslashes, control characters, surrogates.
// oxlint-disable-next-line no-control-regex
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;

function quote(text: string): string {
  return NEEDS_CARE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function notJson(what: string): ServiceError {
  return new ServiceError("invalid_argument", `${what} has no JSON form`, { details: { reason: "not_json" } });
}
