import { SaxesParser } from "saxes";
import { DefinitionError } from "../definition-problem.ts";

/** An element as the semantic checks need it: with its place in the file. */
export interface XmlElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** Direct text, white space folded. */
  text: string;
  readonly file: string;
  /** 1-based line on which the opening tag ends. */
  readonly line: number;
}

/** How an element is called in messages: its tag and, if it has one, its name. */
export function describeElement(element: XmlElement): string {
  const name = element.attributes.get("name") ?? element.attributes.get("code");
  return name === undefined ? element.name : `${element.name} "${name}"`;
}

/** Parses one file; throws `DefinitionError` if it is not well-formed XML. Document types are refused. */
export function parseXml(file: string, source: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, fileName: file });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  const fail = (problem: string, fix: string): never => {
    throw new DefinitionError([{ file, line: parser.line, element: describeOpen(open), problem, fix }]);
  };
  parser.on("error", (error) => fail(`is not well-formed XML (${error.message})`, "Correct the markup at this line"));
  parser.on("doctype", () => fail("has a document type", "Remove the DOCTYPE; definitions have none"));
  parser.on("opentag", (tag) => {
    const element: XmlElement = {
      name: tag.local,
      namespace: tag.uri,
      attributes: new Map(
        Object.values(tag.attributes)
          .filter((attribute) => attribute.prefix !== "xmlns" && attribute.name !== "xmlns")
          .map((attribute) => [attribute.name, attribute.value]),
      ),
      children: [],
      text: "",
      file,
      line: parser.line,
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const element = open.pop();
    if (element !== undefined) element.text = element.text.replace(/\s+/g, " ").trim();
  });
  parser.write(source).close();
  return root ?? fail("has no root element", "Add one");
}

function describeOpen(open: readonly XmlElement[]): string {
  const element = open.at(-1);
  return element === undefined ? "file" : describeElement(element);
}
