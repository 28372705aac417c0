import { expect, test } from "@jest/globals";
import { limitsTable } from "@tidewire/tooling/limits-table";
import { defaultLimits } from "../src/limits.ts";

test("the README gives every limit and its default", () => {
  const readme = new URL("../README.md", import.meta.url);
  expect(limitsTable(readme, Object.keys(defaultLimits))).toEqual(defaultLimits);
});
