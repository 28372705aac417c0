import type { DefinitionSet } from "../../src/definition-set.ts";
import { readErrorRegistry } from "../../src/model/error-registry.ts";
import { readApi } from "../../src/model/read-api.ts";
import { readProtocol } from "../../src/model/read-protocol.ts";
import { parseXml } from "../../src/xml/xml-element.ts";

/** One definition from its text, without the slow run of the schema validator. */
export function definitionOf(source: string): DefinitionSet {
  const root = parseXml("definition.xml", source);
  switch (root.name) {
    case "api":
      return { protocols: [], apis: [readApi(root)], errors: [] };
    case "errors":
      return { protocols: [], apis: [], errors: [readErrorRegistry(root)] };
    default:
      return { protocols: [readProtocol(root)], apis: [], errors: [] };
  }
}
