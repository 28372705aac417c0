import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@tidewire/harness";

export interface TutorialBlock {
  readonly language: string;
  /** Where the text belongs, as the page says it after the language; empty for commands. */
  readonly file: string;
  readonly text: string;
}

/** The code blocks of the tutorial, in order. */
export function tutorialBlocks(): TutorialBlock[] {
  const text = readFileSync(join(repositoryRoot, "packages", "docs", "tutorial.md"), "utf8");
  return [...text.matchAll(/^```(\w+)(?: file=(\S+))?\n(.*?)^```$/gms)].map(([, language, file = "", body]) => ({
    language: language!,
    file,
    text: body!,
  }));
}

/** Applies a block of lines that begin with `-` and `+`: each run of the former is replaced by the latter. */
export function applyChange(source: string, change: string): string {
  let result = source;
  for (const [, removed, added] of change.matchAll(/((?:^-.*\n)+)((?:^\+.*\n)+)/gm)) {
    const [before, after] = [removed!, added!].map((lines) => lines.replaceAll(/^[-+]/gm, ""));
    if (result.split(before!).length !== 2) throw new Error(`the tutorial changes what is not there once: ${before}`);
    result = result.replace(before!, () => after!);
  }
  return result;
}
