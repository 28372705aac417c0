import type { Principal } from "@tidewire/foundation";
import type { DocumentPresence } from "../author/context.ts";
import type { DocumentState } from "../state/document-state.ts";
import { principalKey } from "../state/principals.ts";

interface Present {
  readonly principal: Principal;
  connections: number;
}

/** Who is connected now. Not a part of the state: it changes without a commit and is not logged. */
export class Presence implements DocumentPresence {
  /** Grows with every change that somebody may have seen. */
  tick = 0;
  readonly #state: DocumentState;
  readonly #present = new Map<string, Present>();
  #wasRead = false;
  #agents: readonly string[] | undefined;
  #principals: readonly Principal[] | undefined;

  constructor(state: DocumentState) {
    this.#state = state;
  }

  get agents(): readonly string[] {
    this.#read();
    this.#agents ??= Object.freeze(
      [...new Set(Array.from(this.#present.values(), ({ principal }) => principal.agent))].sort(),
    );
    return this.#agents;
  }

  get principals(): readonly Principal[] {
    this.#read();
    this.#principals ??= [...this.#present.keys()].sort().map((key) => this.#present.get(key)!.principal);
    return this.#principals;
  }

  has(principal: Principal): boolean {
    this.#read();
    return this.#present.has(principalKey(principal));
  }

  /** Whether presence reached a view or policy, so that the seq of a state does not tell it from others. */
  get isUsed(): boolean {
    return this.#wasRead;
  }

  came(principal: Principal): void {
    const key = principalKey(principal);
    const known = this.#present.get(key);
    if (known !== undefined) {
      known.connections++;
      return;
    }
    this.#present.set(key, { principal, connections: 1 });
    this.#changed();
  }

  went(principal: Principal): void {
    const key = principalKey(principal);
    const known = this.#present.get(key);
    if (known === undefined || --known.connections > 0) return;
    this.#present.delete(key);
    this.#changed();
  }

  #read(): void {
    const { tracker } = this.#state;
    if (tracker === null) return;
    tracker.readsPresence = true;
    this.#wasRead = true;
  }

  #changed(): void {
    this.#agents = undefined;
    this.#principals = undefined;
    if (this.#wasRead) this.tick++;
  }
}
