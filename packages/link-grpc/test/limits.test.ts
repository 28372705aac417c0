import { expect, test } from "@jest/globals";
import { limitsTable } from "@tidewire/tooling/limits-table";
import { defaultGrpcLinkLimits } from "../src/index.ts";

test("the README gives every limit and its default", () => {
  const readme = new URL("../README.md", import.meta.url);
  expect(limitsTable(readme, Object.keys(defaultGrpcLinkLimits))).toEqual(defaultGrpcLinkLimits);
});
