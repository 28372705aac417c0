import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compareDefinitions } from "../compatibility/compare-definitions.ts";
import { DefinitionError } from "../definition-problem.ts";
import { type DefinitionSet, readDefinitions } from "../definition-set.ts";

/** The definitions that are in use somewhere, kept beside the current ones. */
export class ReleasedDefinitions {
  readonly #definitions: string;
  readonly #released: string;

  constructor(definitions: string, released: string | undefined) {
    this.#definitions = definitions;
    this.#released = released ?? join(definitions, "..", "released");
  }

  /** Throws a `DefinitionError` if peers of the released definitions could not talk to the current ones. */
  async check(current: DefinitionSet): Promise<void> {
    if (!existsSync(this.#released)) return;
    const released = await readDefinitions(this.#released, { validatesSchema: false });
    const problems = compareDefinitions(released, current);
    if (problems.length > 0) throw new DefinitionError(problems);
  }

  /** Makes the current definitions, which the caller has read without problems, the released ones; returns their names. */
  replace(): string[] {
    rmSync(this.#released, { recursive: true, force: true });
    mkdirSync(this.#released, { recursive: true });
    const names = readdirSync(this.#definitions).filter((name) => name.endsWith(".xml"));
    for (const name of names) copyFileSync(join(this.#definitions, name), join(this.#released, name));
    return names.sort();
  }
}
