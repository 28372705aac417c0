import type { Principal } from "@tidewire/foundation";

/** Swept when it has doubled since the last sweep, and not below this size. */
const sweepSizeMin = 256;

/** Gives equal principals of one document the same object, so that `===` compares them. Forgets those nobody holds. */
export class PrincipalTable {
  readonly #byName = new Map<string, WeakRef<Principal>>();
  #sweepSize = sweepSizeMin;
  /** Mostly it is the same one as before. */
  #lastGiven: Principal | undefined;
  #last: Principal | undefined;

  intern(principal: Principal): Principal {
    if (principal === this.#lastGiven || principal === this.#last) return this.#last!;
    this.#last = this.#interned(principal);
    this.#lastGiven = principal;
    return this.#last;
  }

  #interned(principal: Principal): Principal {
    const name = principalKey(principal);
    const known = this.#byName.get(name)?.deref();
    if (known !== undefined) return known;
    const interned = Object.freeze({ agent: principal.agent, authority: principal.authority });
    this.#byName.set(name, new WeakRef(interned));
    if (this.#byName.size > this.#sweepSize) this.#sweep();
    return interned;
  }

  #sweep(): void {
    for (const [name, reference] of this.#byName) if (reference.deref() === undefined) this.#byName.delete(name);
    this.#sweepSize = Math.max(sweepSizeMin, this.#byName.size * 2);
  }
}

/** Unique: the length says where the authority ends. */
export function principalKey(principal: Principal): string {
  return `${principal.authority.length}:${principal.authority}${principal.agent}`;
}
