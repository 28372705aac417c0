import { type Principal, ServiceError } from "@tidewire/foundation";

/** One agent as this host's viewers show it. */
export interface Agent {
  readonly principal: Principal;
  viewers: number;
  /** The document knows: its `connect` is durable and no `disconnect` is. */
  isConnected: boolean;
  /** Monotonic ms from which the agent counts as gone; undefined while it has a viewer. */
  leavesAt: number | undefined;
}

export type PresenceStep =
  | { readonly kind: "connect"; readonly agent: Agent }
  | { readonly kind: "disconnect"; readonly agent: Agent };

/**
 * Which agents watch a document. The first viewer of an agent makes a `connect` due, the last one gone a `disconnect`
 * after its grace. The steps are derived from the state whenever a batch is formed, so a batch that fails needs no undo.
 */
export class Presence {
  readonly #agents = new Map<string, Agent>();
  readonly #agentsMax: number;
  /** Agents whose state differs from what the document knows. */
  readonly #unsettled = new Set<Agent>();

  constructor(agentsMax: number) {
    this.#agentsMax = agentsMax;
  }

  get size(): number {
    return this.#agents.size;
  }

  /** A viewer of this agent came. Throws `overloaded` when too many agents are known. */
  arrived(principal: Principal): Agent {
    const known = this.#agents.get(keyOf(principal));
    if (known === undefined && this.#agents.size >= this.#agentsMax) {
      throw new ServiceError("overloaded", "too many agents come and go on this document", {
        details: { agents: this.#agents.size },
      });
    }
    const agent = known ?? this.#added(principal);
    agent.viewers++;
    agent.leavesAt = undefined;
    this.#review(agent);
    return agent;
  }

  /** A viewer of this agent is gone; the agent is, too, unless another one comes by `now + graceMs`. */
  left(agent: Agent, now: number, graceMs: number): void {
    agent.viewers--;
    if (agent.viewers === 0) agent.leavesAt = now + graceMs;
    this.#review(agent);
  }

  /** The log knows this agent as connected: unless it is here, it has the grace to come back. Beyond the bound too. */
  inherited(principal: Principal, now: number, graceMs: number): void {
    const agent = this.#agents.get(keyOf(principal)) ?? this.#added(principal);
    agent.isConnected = true;
    if (agent.viewers === 0) agent.leavesAt ??= now + graceMs;
    this.#review(agent);
  }

  /** What the document must be told by now. */
  steps(now: number): PresenceStep[] {
    const steps: PresenceStep[] = [];
    for (const agent of this.#unsettled) {
      if (agent.viewers > 0) steps.push({ kind: "connect", agent });
      else if (agent.leavesAt! <= now) steps.push({ kind: "disconnect", agent });
    }
    return steps;
  }

  /** The document has been told, and it is durable (or it would not hear that an agent left). */
  told(step: PresenceStep): void {
    step.agent.isConnected = step.kind === "connect";
    this.#review(step.agent);
  }

  /** A new copy of the document knows nobody. */
  forgetConnected(): void {
    for (const agent of this.#agents.values()) {
      agent.isConnected = false;
      this.#review(agent);
    }
  }

  clear(): void {
    this.#agents.clear();
    this.#unsettled.clear();
  }

  #added(principal: Principal): Agent {
    const agent: Agent = { principal, viewers: 0, isConnected: false, leavesAt: undefined };
    this.#agents.set(keyOf(principal), agent);
    return agent;
  }

  #review(agent: Agent): void {
    const isHere = agent.viewers > 0;
    if (isHere === agent.isConnected) this.#unsettled.delete(agent);
    else this.#unsettled.add(agent);
    if (!isHere && !agent.isConnected) this.#agents.delete(keyOf(agent.principal));
  }
}

/** Unambiguous, because the length says where the agent ends. */
function keyOf(principal: Principal): string {
  return `${principal.agent.length}:${principal.agent}${principal.authority}`;
}
