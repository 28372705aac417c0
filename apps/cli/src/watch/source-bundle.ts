import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { BuildContext, BuildResult, Message } from "esbuild";

export interface SourceBundleFiles {
  /** TypeScript or JavaScript that exports document definitions. */
  readonly source: string;
  /** The bundle made of it. */
  readonly outfile: string;
}

/**
 * Keeps a bundle of document code in step with its sources: everything it imports is watched, and a source that cannot be
 * built leaves the bundle as it is.
 */
export class SourceBundle {
  readonly #context: BuildContext;

  private constructor(context: BuildContext) {
    this.#context = context;
  }

  /** Resolves when the bundle is there. Rejects with what the sources have wrong, each with file and line. */
  static async start(
    files: SourceBundleFiles,
    isWatched: boolean,
    onBroken: (text: string) => void,
  ): Promise<SourceBundle> {
    // Only here: it is a tool of development, which the services do without.
    const esbuild = await import("esbuild");
    let first: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
    const built = new Promise<void>((resolve, reject) => {
      first = { resolve, reject };
    });
    const onEnd = ({ errors, outputFiles = [] }: BuildResult): void => {
      const text = errors.map(describe).join("\n");
      for (const { path, contents } of errors.length === 0 ? outputFiles : []) replaceIfOther(path, contents);
      if (errors.length === 0) first?.resolve();
      else if (first === undefined) onBroken(text);
      else first.reject(new Error(text));
      first = undefined;
    };
    const context = await esbuild.context({
      entryPoints: [files.source],
      outfile: files.outfile,
      // As the build of an app does it: a host loads the bundle from wherever it lies.
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      conditions: ["source"],
      sourcemap: "linked",
      logLevel: "silent",
      write: false,
      plugins: [{ name: "on-end", setup: (build) => build.onEnd(onEnd) }],
    });
    try {
      // What a first build has wrong is told by `built`.
      if (isWatched) await context.watch();
      else await context.rebuild().catch(() => {});
      await built;
    } catch (error) {
      await context.dispose();
      throw error;
    }
    return new SourceBundle(context);
  }

  async stop(): Promise<void> {
    await this.#context.dispose();
  }
}

function describe({ text, location }: Message): string {
  if (location === null) return text;
  return `${location.file}:${location.line}:${location.column + 1}: ${text}\n    ${location.lineText.trim()}`;
}

/** At once, so that nobody reads half of it; not at all if it says the same, so that nobody reads it again for nothing. */
function replaceIfOther(path: string, contents: Uint8Array): void {
  try {
    if (readFileSync(path).equals(contents)) return;
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  const next = join(dirname(path), `.${basename(path)}.next`);
  writeFileSync(next, contents);
  renameSync(next, path);
}
