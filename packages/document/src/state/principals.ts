import type { Principal } from "@tidewire/foundation";

/** Swept when it has doubled since the last sweep, and not below this size. */
const sweepSizeMin = 256;

/** Gives equal principals of one document the same object, so that `===` compares them. Forgets those nobody holds. */
export class PrincipalTable {
  /** By authority and agent: both texts are there already, where one key of both would have to be made. */
  readonly #byAuthority = new Map<string, Map<string, WeakRef<Principal>>>();
  #size = 0;
  #sweepSize = sweepSizeMin;
  /** Mostly it is the same one as before. */
  #lastGiven: Principal | undefined;
  #last: Principal | undefined;

  intern(principal: Principal): Principal {
    const last = this.#last;
    if (principal === last) return last;
    // Document code may have changed the object that it gives.
    const isLastGiven = principal === this.#lastGiven;
    if (isLastGiven && principal.agent === last!.agent && principal.authority === last!.authority) return last!;
    this.#last = this.#interned(principal);
    this.#lastGiven = principal;
    return this.#last;
  }

  #interned(principal: Principal): Principal {
    const { agent, authority } = principal;
    let byAgent = this.#byAuthority.get(authority);
    if (byAgent === undefined) this.#byAuthority.set(authority, (byAgent = new Map()));
    const reference = byAgent.get(agent);
    const known = reference?.deref();
    if (known !== undefined) return known;
    const interned = Object.freeze({ agent, authority });
    byAgent.set(agent, new WeakRef(interned));
    if (reference === undefined && ++this.#size > this.#sweepSize) this.#sweep();
    return interned;
  }

  #sweep(): void {
    this.#size = 0;
    for (const [authority, byAgent] of this.#byAuthority) {
      for (const [agent, reference] of byAgent) if (reference.deref() === undefined) byAgent.delete(agent);
      if (byAgent.size === 0) this.#byAuthority.delete(authority);
      this.#size += byAgent.size;
    }
    this.#sweepSize = Math.max(sweepSizeMin, this.#size * 2);
  }
}

/** Unique: the length says where the authority ends. */
export function principalKey(principal: Principal): string {
  return `${principal.authority.length}:${principal.authority}${principal.agent}`;
}
