import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** How often the folder is looked at; a change counts once two looks found the same. By looking, as `FileWatch` does. */
const LOOK_MS = 300;

/** Calls back when files of a folder have changed, come or gone, after they have come to rest. */
export class AssetsWatch {
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(folder: string, onChange: () => void) {
    let told = signature(folder);
    let seen = told;
    this.#timer = setInterval(() => {
      const now = signature(folder);
      const isAtRest = now === seen;
      seen = now;
      if (!isAtRest || now === told) return;
      told = now;
      onChange();
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Names, sizes and times of everything in a folder. A build may remove files while this looks: then it is none. */
function signature(folder: string): string {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => {
        const { mtimeMs, size } = statSync(join(folder, name));
        return `${name} ${mtimeMs} ${size}`;
      })
      .join("\n");
  } catch {
    return "";
  }
}
