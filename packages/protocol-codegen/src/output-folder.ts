import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GeneratedFile } from "./generate.ts";

/** What the first lines of our files say, and the names of those that cannot say anything. */
const OUR_MARK = /Do not edit; run codegen\.|Written by codegen --standalone\./;
const OUR_NAME = /\.(golden|asyncapi)\.json$/;
const MARK_WITHIN = 200;

/** Where generated files belong: one folder per package, or everything in one folder. */
export class OutputFolder {
  readonly #pathOf: (file: GeneratedFile) => string;
  /** Folders of generated files, also when none is given for them now. */
  readonly #folders: () => readonly string[];

  private constructor(pathOf: (file: GeneratedFile) => string, folders: () => readonly string[]) {
    this.#pathOf = pathOf;
    this.#folders = folders;
  }

  /** Code in `<packages>/<package>/src/generated/`, documents in `<documents>/`. */
  static packages(packages: string, documents: string): OutputFolder {
    const codeFolder = (name: string): string => join(packages, name, "src", "generated");
    return new OutputFolder(
      (file) => join(file.kind === "code" ? codeFolder(file.package) : documents, file.name),
      () => [documents, ...foldersIn(packages).map(codeFolder)],
    );
  }

  static single(folder: string): OutputFolder {
    return new OutputFolder(
      (file) => join(folder, file.name),
      () => [folder],
    );
  }

  /** Writes what differs and returns the paths written. */
  write(files: readonly GeneratedFile[]): string[] {
    const stale = this.#stale(files);
    for (const { path, text } of stale) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return stale.map(({ path }) => path);
  }

  /** Paths whose content is missing or not what the definitions give. */
  check(files: readonly GeneratedFile[]): string[] {
    return this.#stale(files).map(({ path }) => path);
  }

  /**
   * Paths of files that were generated once and that nothing gives any more. Folders may hold other files: only those
   * count that bear our mark.
   */
  orphans(files: readonly GeneratedFile[]): string[] {
    const given = new Set(files.map(this.#pathOf));
    return this.#folders()
      .flatMap(filesBeneath)
      .filter((path) => !given.has(path) && isOurs(path))
      .sort();
  }

  #stale(files: readonly GeneratedFile[]): { path: string; text: string }[] {
    return files
      .map((file) => ({ path: this.#pathOf(file), text: file.text }))
      .filter(({ path, text }) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  }
}

/** None if the folder is not there. */
function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Paths of all files beneath it. */
function filesBeneath(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function isOurs(path: string): boolean {
  return OUR_NAME.test(path) || OUR_MARK.test(readFileSync(path, "utf8").slice(0, MARK_WITHIN));
}
