import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { compileDocument, conformanceDocument, type DocumentRuntime } from "@tidewire/document";
import type { Logger } from "@tidewire/foundation";
import { StartError } from "@tidewire/service";

/** What `defineDocument` marks its results with, whichever copy of the package made them. */
const DOCUMENT_MARK = Symbol.for("tidewire.document");

/** Loads and compiles every document type to be served; whatever is wrong ends in one line that names the file. */
export async function loadDocuments(
  settings: { readonly documents: readonly string[]; readonly conformance: boolean },
  logger: Logger,
): Promise<DocumentRuntime[]> {
  const runtimes = new Map<string, { readonly runtime: DocumentRuntime; readonly origin: string }>();
  const add = (definition: unknown, origin: string): void => {
    const runtime = compiled(definition, origin, logger);
    const other = runtimes.get(runtime.space);
    if (other !== undefined) {
      throw new StartError(`the space "${runtime.space}" is defined twice: in ${other.origin} and in ${origin}`, 2);
    }
    runtimes.set(runtime.space, { runtime, origin });
  };
  for (const file of settings.documents) {
    const definitions = await definitionsOf(file);
    for (const { name, definition } of definitions) add(definition, `${file} (export ${name})`);
  }
  if (settings.conformance) add(conformanceDocument, "the setting conformance");
  if (runtimes.size === 0) {
    throw new StartError("nothing to serve: name files in `documents`, or set `conformance` to true", 2);
  }
  return [...runtimes.values()].map(({ runtime }) => runtime);
}

async function definitionsOf(file: string): Promise<{ readonly name: string; readonly definition: object }[]> {
  let exports: Record<string, unknown>;
  try {
    exports = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (error) {
    throw new StartError(`cannot load the documents of ${file}: ${firstLine(error)}`, 2);
  }
  const found = new Map<object, string>();
  for (const [name, value] of Object.entries(exports)) {
    // One document exported under two names is still one.
    if (typeof value === "object" && value !== null && DOCUMENT_MARK in value && !found.has(value)) {
      found.set(value, name);
    }
  }
  if (found.size === 0) throw new StartError(`${file} exports no document: export what defineDocument returns`, 2);
  return [...found].map(([definition, name]) => ({ name, definition }));
}

function compiled(definition: unknown, origin: string, logger: Logger): DocumentRuntime {
  try {
    return compileDocument(
      definition,
      {},
      { onFault: (thrown) => logger.warn({ err: thrown }, "document code failed") },
    );
  } catch (error) {
    throw new StartError(`the document in ${origin} cannot be used: ${firstLine(error)}`, 2);
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]!;
}
