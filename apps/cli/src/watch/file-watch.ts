import { type Stats, unwatchFile, watchFile } from "node:fs";

/** How often a file is looked at. By looking, because an editor replaces files and a build removes whole folders. */
const LOOK_MS = 200;
/** A file that has not changed for this long is written to its end. */
const QUIET_MS = 150;

/** Calls back once when any of some files has changed, after it has come to rest. */
export class FileWatch {
  readonly #files: readonly string[];
  readonly #listener: (now: Stats) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(files: readonly string[], onChange: () => void) {
    this.#files = files;
    this.#listener = (now) => {
      clearTimeout(this.#timer);
      // Gone: about to be written anew.
      if (now.mtimeMs > 0) this.#timer = setTimeout(onChange, QUIET_MS);
    };
    for (const file of files) watchFile(file, { interval: LOOK_MS }, this.#listener);
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const file of this.#files) unwatchFile(file, this.#listener);
  }
}
