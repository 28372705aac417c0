import type { XmlElement } from "../xml/xml-element.ts";

/** Which kind of type a name stands for. */
export class TypeNames {
  readonly #kinds = new Map<string, "enum" | "message" | "union">();

  constructor(root: XmlElement) {
    for (const element of root.children) {
      const name = element.attributes.get("name");
      if (name === undefined) continue;
      if (element.name === "enum" || element.name === "message" || element.name === "union") {
        this.#kinds.set(name, element.name);
      }
    }
  }

  kindOf(name: string): "enum" | "message" | "union" | undefined {
    return this.#kinds.get(name);
  }
}
