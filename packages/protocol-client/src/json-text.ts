import { parameterFault } from "./parameter-fault.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/**
 * A parsed JSON value as text again, for whoever reads it behind the edge; every recursive reader there may rely on the
 * bound of its depth. Throws `invalid_argument` beyond it.
 */
export function jsonText(value: unknown, parameter: string, depthMax: number): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A value that came out of JSON.parse can only fail by its depth: parsing does not recurse, writing does.
    throw tooDeep(value, parameter, depthMax);
  }
  if (text === undefined) throw parameterFault(parameter, value, "must be a JSON value");
  // Each level takes two characters at least, so that short texts need no look.
  if (text.length > 2 * depthMax && depthOf(text) > depthMax) throw tooDeep(value, parameter, depthMax);
  return text;
}

function tooDeep(value: unknown, parameter: string, depthMax: number): Error {
  return parameterFault(parameter, value, `must be nested at most ${depthMax} levels deep`, "too_deep");
}

/** Depth of well-formed JSON text, without recursion. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        deepest = Math.max(deepest, ++depth);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
    }
  }
  return deepest;
}

/** Index of the quote that ends the string whose opening quote is at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
  return at;
}
