import {
  compileDocument,
  conformanceDocument,
  type DocumentDefinition,
  type DocumentLimits,
  type DocumentRuntime,
  successorProblem,
} from "@tidewire/document";
import type { Logger } from "@tidewire/foundation";
import { StartError } from "@tidewire/service";
import { DocumentFile, type ExportedDocument, firstLine, type LoadedFile } from "./document-file.ts";

interface ServedDocument extends ExportedDocument {
  readonly runtime: DocumentRuntime;
}

export interface DocumentSettings {
  readonly documents: readonly string[];
  readonly conformance: boolean;
}

/** The document types of this host. What is wrong with one ends in one line that names the file. */
export class ServedDocuments {
  readonly #files: readonly DocumentFile[];
  readonly #hasConformance: boolean;
  readonly #limits: Partial<DocumentLimits>;
  readonly #logger: Logger;
  #loaded: readonly LoadedFile[] = [];
  /** By space. */
  #served: ReadonlyMap<string, ServedDocument> = new Map();

  private constructor({ documents, conformance }: DocumentSettings, limits: Partial<DocumentLimits>, logger: Logger) {
    this.#limits = limits;
    this.#files = documents.map((path) => new DocumentFile(path));
    this.#hasConformance = conformance;
    this.#logger = logger;
  }

  /** Throws `StartError`. */
  static async load(
    settings: DocumentSettings,
    limits: Partial<DocumentLimits>,
    logger: Logger,
  ): Promise<ServedDocuments> {
    const served = new ServedDocuments(settings, limits, logger);
    await served.reload();
    if (served.runtimes.length > 0) return served;
    throw new StartError("nothing to serve: name files in `documents`, or set `conformance` to true", 2);
  }

  get runtimes(): readonly DocumentRuntime[] {
    return Array.from(this.#served.values(), ({ runtime }) => runtime);
  }

  /** Addresses of the code that was loaded, of all versions. */
  get modules(): readonly string[] {
    return this.#files.flatMap(({ modules }) => modules);
  }

  /**
   * Reads the files that have changed again, and returns what is new. Throws `StartError` if anything cannot be used, or
   * cannot open what the code before it may have stored: then everything is as it was. A space that is in no file any more
   * is served as before.
   */
  async reload(): Promise<readonly DocumentRuntime[]> {
    const loaded = await Promise.all(this.#files.map((file, index) => file.read(this.#loaded[index])));
    const served = new Map<string, ServedDocument>();
    for (const exported of this.#exported(loaded)) {
      const next = this.#successor(exported);
      const other = served.get(next.runtime.space);
      if (other !== undefined) {
        const { space } = next.runtime;
        throw new StartError(`the space "${space}" is defined twice: in ${other.origin} and in ${next.origin}`, 2);
      }
      served.set(next.runtime.space, next);
    }
    const changed = [...served.values()].filter((next) => this.#served.get(next.runtime.space) !== next);
    this.#loaded = loaded;
    this.#served = new Map([...this.#served, ...served]);
    return changed.map(({ runtime }) => runtime);
  }

  *#exported(files: readonly LoadedFile[]): Generator<ExportedDocument> {
    for (const { documents } of files) yield* documents;
    if (this.#hasConformance) yield { definition: conformanceDocument, origin: "the setting conformance" };
  }

  #successor(next: ExportedDocument): ServedDocument {
    const space: unknown = (next.definition as Partial<DocumentDefinition>).space;
    const known = this.#served.get(space as string);
    if (known?.definition === next.definition) return known;
    const runtime = this.#compiled(next);
    const problem = known === undefined ? undefined : successorProblem(known.definition, next.definition);
    if (problem !== undefined) throw new StartError(`the document in ${next.origin} cannot follow: ${problem}`, 2);
    return { ...next, runtime };
  }

  #compiled({ definition, origin }: ExportedDocument): DocumentRuntime {
    try {
      return compileDocument(definition, this.#limits, {
        onFault: (thrown) => this.#logger.warn({ err: thrown }, "document code failed"),
      });
    } catch (error) {
      throw new StartError(`the document in ${origin} cannot be used: ${firstLine(error)}`, 2);
    }
  }
}
