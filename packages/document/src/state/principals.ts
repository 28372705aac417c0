import type { Principal } from "@tidewire/foundation";

/** Swept when it has doubled since the last sweep, and not below this size. */
const sweepSizeMin = 256;

/** Gives equal principals of one document the same object, so that `===` compares them. Forgets those nobody holds. */
export class PrincipalTable {
  /**
   * By authority and agent: both texts are there already, where one key of both would have to be made. Those that are kept
   * stand for themselves, because a weak reference takes nearly as much room as what it refers to.
   */
  readonly #byAuthority = new Map<string, Map<string, WeakRef<Principal> | Principal>>();
  #size = 0;
  #sweepSize = sweepSizeMin;
  /** Since the last sweep. */
  #letGoCount = 0;
  /** Mostly it is the same one as before. */
  #lastGiven: Principal | undefined;
  #last: Principal | undefined;

  /** The one that stands for it, which is forgotten when nobody holds it any more. */
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

  /** The same for someone who will be looked for again, who need not hold it until `letGo`. */
  keep(principal: Principal): Principal {
    const { agent, authority } = principal;
    const byAgent = this.#agentsOf(authority);
    const found = byAgent.get(agent);
    if (found !== undefined && !(found instanceof WeakRef)) return found;
    const kept = found?.deref() ?? lasting(principal);
    byAgent.set(agent, kept);
    if (found === undefined) this.#grew();
    return kept;
  }

  /** One that was kept. */
  letGo(principal: Principal): void {
    this.#agentsOf(principal.authority).set(principal.agent, new WeakRef(principal));
    if (++this.#letGoCount > this.#sweepSize / 2) this.#sweep();
  }

  #interned(principal: Principal): Principal {
    const { agent, authority } = principal;
    const byAgent = this.#agentsOf(authority);
    const found = byAgent.get(agent);
    const known = found instanceof WeakRef ? found.deref() : found;
    if (known !== undefined) return known;
    const interned = lasting(principal);
    byAgent.set(agent, new WeakRef(interned));
    if (found === undefined) this.#grew();
    return interned;
  }

  #agentsOf(authority: string): Map<string, WeakRef<Principal> | Principal> {
    let byAgent = this.#byAuthority.get(authority);
    if (byAgent === undefined) this.#byAuthority.set(authority, (byAgent = new Map()));
    return byAgent;
  }

  #grew(): void {
    if (++this.#size > this.#sweepSize) this.#sweep();
  }

  #sweep(): void {
    this.#size = 0;
    this.#letGoCount = 0;
    for (const [authority, byAgent] of this.#byAuthority) {
      for (const [agent, reference] of byAgent) {
        if (reference instanceof WeakRef && reference.deref() === undefined) byAgent.delete(agent);
      }
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

/** The object itself if nobody can change it, as a host gives it: its viewer holds it anyway. A copy otherwise. */
function lasting(principal: Principal): Principal {
  const { agent, authority } = principal;
  return isUnchangeable(principal) ? principal : Object.freeze({ agent, authority });
}

function isUnchangeable(principal: Principal): boolean {
  if (!Object.isFrozen(principal) || Object.getPrototypeOf(principal) !== Object.prototype) return false;
  return Reflect.ownKeys(principal).length === 2 && isText(principal, "agent") && isText(principal, "authority");
}

/** No getter, which gives what it likes. */
function isText(principal: Principal, key: keyof Principal): boolean {
  return typeof Object.getOwnPropertyDescriptor(principal, key)?.value === "string";
}
