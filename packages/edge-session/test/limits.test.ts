import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { limitsTable } from "@tidewire/tooling/limits-table";
import { TOKEN_MAX_LENGTH } from "../src/auth/authenticator.ts";
import { defaultLimits } from "../src/limits.ts";

test("the README gives every limit and its default", () => {
  const readme = new URL("../README.md", import.meta.url);
  expect(limitsTable(readme, Object.keys(defaultLimits))).toEqual(defaultLimits);
});

test("a token may be as long as the published schema says", () => {
  const schema = new URL("../../protocol-definition/generated/client.asyncapi.json", import.meta.url);
  const { Token } = JSON.parse(readFileSync(schema, "utf8")).components.schemas;
  expect(Token).toMatchObject({ type: "string", maxLength: TOKEN_MAX_LENGTH });
});
