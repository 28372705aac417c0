import { readFileSync } from "node:fs";

const unitsByEnding = [
  ["Ms", { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }],
  ["Bytes", { "": 1, bytes: 1, KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3 }],
  ["", { "": 1 }],
];
/** A number with its thousands separated, and the word behind it. */
const QUANTITY = /(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)(?: ?(ms|min|s|h|d|KiB|MiB|GiB|bytes)\b)?/g;

/**
 * The defaults that the limits table of a README gives for some options, in milliseconds, bytes or pieces as the name of
 * an option ends; what it does not give in figures of that kind is not there. For the test that they are the defaults.
 */
export function limitsTable(readme, options) {
  const rows = readFileSync(readme, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const found = {};
  for (const [, , defaults = "", names = ""] of rows) {
    const named = [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    for (const [index, name] of named.entries()) {
      if (!options.includes(name)) continue;
      const [, units] = unitsByEnding.find(([ending]) => name.endsWith(ending));
      const values = [...defaults.matchAll(QUANTITY)]
        .filter(([, , unit = ""]) => unit in units)
        .map(([, digits, unit = ""]) => Number(digits.replaceAll(",", "")) * units[unit]);
      if (values[index] !== undefined) found[name] = values[index];
    }
  }
  return found;
}
