import type { Principal } from "@tidewire/foundation";
import type { DocumentPresence } from "../author/context.ts";
import type { DocumentState } from "../state/document-state.ts";
import { principalKey } from "../state/principals.ts";

interface Present {
  readonly principal: Principal;
  connections: number;
}

/** Everybody who is attached, in no order: whoever came is among them, or is about to be; whoever went is not. */
export type Viewers = () => Iterable<{ readonly principal: Principal }>;

/**
 * Who is connected now. Not a part of the state: it changes without a commit and is not logged. Most documents never ask:
 * viewers are counted from the first time on that one does.
 */
export class Presence implements DocumentPresence {
  /** Grows with every change that somebody may have seen. */
  tick = 0;
  readonly #state: DocumentState;
  readonly #viewers: Viewers;
  #present: Map<string, Present> | undefined;
  #wasRead = false;
  #agents: readonly string[] | undefined;
  #principals: readonly Principal[] | undefined;

  constructor(state: DocumentState, viewers: Viewers) {
    this.#state = state;
    this.#viewers = viewers;
  }

  get agents(): readonly string[] {
    this.#read();
    this.#agents ??= Object.freeze(
      [...new Set(Array.from(this.#counted.values(), ({ principal }) => principal.agent))].sort(),
    );
    return this.#agents;
  }

  get principals(): readonly Principal[] {
    this.#read();
    this.#principals ??= [...this.#counted.keys()].sort().map((key) => this.#counted.get(key)!.principal);
    return this.#principals;
  }

  has(principal: Principal): boolean {
    this.#read();
    return this.#counted.has(principalKey(principal));
  }

  /** Whether presence reached a view or policy, so that the seq of a state does not tell it from others. */
  get isUsed(): boolean {
    return this.#wasRead;
  }

  came(principal: Principal): void {
    if (this.#present !== undefined && this.#count(this.#present, principal)) this.#changed();
  }

  went(principal: Principal): void {
    if (this.#present === undefined) return;
    const key = principalKey(principal);
    const known = this.#present.get(key);
    if (known === undefined || --known.connections > 0) return;
    this.#present.delete(key);
    this.#changed();
  }

  get #counted(): Map<string, Present> {
    if (this.#present === undefined) {
      this.#present = new Map();
      for (const { principal } of this.#viewers()) this.#count(this.#present, principal);
    }
    return this.#present;
  }

  /** Whether it is the principal's first connection. */
  #count(present: Map<string, Present>, principal: Principal): boolean {
    const key = principalKey(principal);
    const known = present.get(key);
    if (known === undefined) present.set(key, { principal: this.#state.intern(principal), connections: 1 });
    else known.connections++;
    return known === undefined;
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
