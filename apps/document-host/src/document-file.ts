import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DocumentDefinition } from "@tidewire/document";
import { StartError } from "@tidewire/service";

/** What `defineDocument` marks its results with, whichever copy of the package made them. */
const DOCUMENT_MARK = Symbol.for("tidewire.document");

export interface ExportedDocument {
  readonly definition: DocumentDefinition;
  /** Where it is, for messages. */
  readonly origin: string;
}

/** One version of a file with document code. */
export interface LoadedFile {
  readonly digest: string;
  readonly documents: readonly ExportedDocument[];
}

/** A bundle of document code that may be read again after it has changed. */
export class DocumentFile {
  readonly #path: string;
  #reads = 0;
  /** Addresses of the versions that were loaded. */
  readonly #modules: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  get modules(): readonly string[] {
    return this.#modules;
  }

  /** `known` if the file is the same as then. Throws `StartError` with the place of what is wrong. */
  async read(known?: LoadedFile): Promise<LoadedFile> {
    let digest: string;
    try {
      digest = createHash("sha256").update(readFileSync(this.#path)).digest("hex");
    } catch (error) {
      throw new StartError(
        `cannot read the documents of ${this.#path}: ${(error as { code?: string }).code ?? firstLine(error)}`,
        2,
      );
    }
    if (digest === known?.digest) return known;
    return { digest, documents: this.#documentsOf(await this.#import()) };
  }

  async #import(): Promise<Record<string, unknown>> {
    const url = pathToFileURL(resolve(this.#path));
    // Modules are kept by their address for ever, so another version of the file needs another address.
    if (this.#reads++ > 0) url.searchParams.set("version", String(this.#reads));
    this.#modules.push(url.href);
    try {
      return (await import(url.href)) as Record<string, unknown>;
    } catch (error) {
      throw new StartError(
        `cannot load the documents of ${this.#path}: ${firstLine(error)}${placeOf(error, this.#path)}`,
        2,
      );
    }
  }

  #documentsOf(exports: Record<string, unknown>): ExportedDocument[] {
    const found = new Map<object, string>();
    for (const [name, value] of Object.entries(exports)) {
      // One document exported under two names is still one.
      if (typeof value === "object" && value !== null && DOCUMENT_MARK in value && !found.has(value)) {
        found.set(value, name);
      }
    }
    if (found.size === 0) {
      throw new StartError(`${this.#path} exports no document: export what defineDocument returns`, 2);
    }
    return [...found].map(([definition, name]) => ({
      definition: definition as DocumentDefinition,
      origin: `${this.#path} (export ${name})`,
    }));
  }
}

/** Where it was thrown, as ` at FILE:LINE`. */
function placeOf(error: unknown, path: string): string {
  if (error instanceof SyntaxError) return syntaxPlace(path);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const place = /^ +at .*?\(?(?:file:\/\/)?(\/[^\s?()]+)(?:\?[^\s:]*)?(:\d+:\d+)\)?$/m.exec(stack);
  return place === null ? "" : ` at ${place[1]}${place[2]}`;
}

/** The stack of a syntax error does not say: only what checks a file as a whole tells the line. */
function syntaxPlace(path: string): string {
  const flags = ["--input-type=module", "--check", "-"];
  const { stderr } = spawnSync(process.execPath, flags, {
    input: readFileSync(path),
    encoding: "utf8",
    timeout: 5_000,
  });
  const line = /^\[stdin\](:\d+)$/m.exec(stderr);
  return line === null ? "" : ` at ${path}${line[1]}`;
}

export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!;
}
