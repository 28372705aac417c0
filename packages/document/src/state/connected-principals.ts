import type { Principal } from "@tidewire/foundation";
import type { DocumentState } from "./document-state.ts";
import { principalKey } from "./principals.ts";
import type { Undoable } from "./undo-log.ts";

const came = 0;
const went = 1;

/** For whom `onConnect` ran and `onDisconnect` has not: logged, so that a crash does not lose the second. */
export class ConnectedPrincipals implements Undoable {
  readonly #state: DocumentState;
  readonly #connected = new Map<string, Principal>();
  readonly #unlogged = new Map<string, Principal>();

  constructor(state: DocumentState) {
    this.#state = state;
  }

  get all(): readonly Principal[] {
    return [...this.#connected.values()];
  }

  has(principal: Principal): boolean {
    return this.#connected.has(principalKey(principal));
  }

  add(principal: Principal): void {
    this.#state.log(this, came, principal);
    this.#connected.set(principalKey(principal), principal);
  }

  remove(principal: Principal): void {
    this.#state.log(this, went, principal);
    this.#connected.delete(principalKey(principal));
  }

  /** As the log says it; not a change. */
  restore(arrived: readonly Principal[], left: readonly Principal[]): void {
    for (const principal of arrived) this.#connected.set(principalKey(principal), principal);
    for (const principal of left) this.#connected.delete(principalKey(principal));
  }

  /** The log has none of them in a form that counts. */
  markUnlogged(): void {
    for (const [key, principal] of this.#connected) this.#unlogged.set(key, principal);
  }

  /** What the log does not know yet. */
  takeChanges(): { readonly came: readonly Principal[]; readonly went: readonly Principal[] } | undefined {
    if (this.#unlogged.size === 0) return undefined;
    const changed = [...this.#unlogged.values()];
    this.#unlogged.clear();
    return {
      came: changed.filter((principal) => this.has(principal)),
      went: changed.filter((principal) => !this.has(principal)),
    };
  }

  undo(code: number, old: unknown): void {
    const principal = old as Principal;
    if (code === came) this.#connected.delete(principalKey(principal));
    else this.#connected.set(principalKey(principal), principal);
  }

  commit(_code: number, old: unknown): boolean {
    const principal = old as Principal;
    this.#unlogged.set(principalKey(principal), principal);
    return true;
  }
}
