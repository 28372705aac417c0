/** Text of a generated file, line by line, with the indentation kept apart from the content. */
export class Printer {
  #text = "";
  #depth = 0;

  line(text = ""): this {
    this.#text += text === "" ? "\n" : `${"  ".repeat(this.#depth)}${text}\n`;
    return this;
  }

  lines(texts: readonly string[]): this {
    for (const text of texts) this.line(text);
    return this;
  }

  /** `head` must end with the opening bracket; what `body` prints is indented. */
  block(head: string, body: () => void, tail = "}"): this {
    return this.line(head).indented(body).line(tail);
  }

  indented(body: () => void): this {
    this.#depth++;
    body();
    this.#depth--;
    return this;
  }

  /** A doc comment, if there is anything to say. */
  doc(text: string): this {
    return text === "" ? this : this.line(`/** ${text.replaceAll("*/", "* /")} */`);
  }

  toString(): string {
    return this.#text;
  }
}

/** The first lines of every generated file. No date: the same definition gives the same bytes. */
export function header(source: string, digest: string): string {
  return `// Generated from ${source}, digest ${digest}. Do not edit; run codegen.\n`;
}

/** The same for Markdown. */
export function documentHeader(source: string, digest: string): string {
  return `<!-- Generated from ${source}, digest ${digest}. Do not edit; run codegen. -->`;
}
