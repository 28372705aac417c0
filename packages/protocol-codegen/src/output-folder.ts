import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GeneratedFile } from "./generate.ts";

/** Where generated files belong: one folder per package, or everything in one folder. */
export class OutputFolder {
  readonly #pathOf: (file: GeneratedFile) => string;

  private constructor(pathOf: (file: GeneratedFile) => string) {
    this.#pathOf = pathOf;
  }

  /** Code in `<packages>/<package>/src/generated/`, documents in `<documents>/`. */
  static packages(packages: string, documents: string): OutputFolder {
    return new OutputFolder((file) =>
      file.kind === "code" ? join(packages, file.package, "src", "generated", file.name) : join(documents, file.name),
    );
  }

  static single(folder: string): OutputFolder {
    return new OutputFolder((file) => join(folder, file.name));
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

  #stale(files: readonly GeneratedFile[]): { path: string; text: string }[] {
    return files
      .map((file) => ({ path: this.#pathOf(file), text: file.text }))
      .filter(({ path, text }) => !existsSync(path) || readFileSync(path, "utf8") !== text);
  }
}
