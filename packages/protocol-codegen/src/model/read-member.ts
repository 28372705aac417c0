import type { XmlElement } from "../xml/xml-element.ts";
import type { ApiMember } from "./api.ts";
import { AttributeReader, type ProblemList } from "./attribute-reader.ts";

/** A property, an item of a tuple, or a parameter. */
export function readMember(element: XmlElement, problems: ProblemList): ApiMember {
  const attributes = new AttributeReader(element, problems);
  const name = attributes.optionalText("name") ?? "";
  if (name in Object.prototype)
    problems.add(element, "has the name of something every object inherits", "Choose another");
  return {
    name: attributes.identifier("name", /^[a-z][A-Za-z0-9]*$/),
    type: attributes.text("type"),
    isOptional: attributes.flag("optional"),
    isList: attributes.flag("list"),
    maxCount: attributes.integer("maxCount", { min: 1, max: 1_048_576 }, 65_536),
    documentation: element.text,
    line: element.line,
  };
}
