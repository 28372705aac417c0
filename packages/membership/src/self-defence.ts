import type { Alive, Conflict, Severity } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { SelfRecord } from "./self-record.ts";

/** How this node answers what others say about it. */
export class SelfDefence {
  readonly #core: Core;
  readonly #self: SelfRecord;

  constructor(core: Core, self: SelfRecord) {
    this.#core = core;
    this.#self = self;
  }

  /** Stamp of the own record. */
  get stamp(): number {
    return this.#self.record.stamp;
  }

  /** Somebody thinks this node suspect, dead or gone. */
  accused(severity: Exclude<Severity, "alive">, boot: number, incarnation: number, stamp: number, from?: string): void {
    if (this.#core.state !== "joined") return;
    const { record } = this.#self;
    if (boot > record.boot) {
      // A later process of this name lived and is gone; this one is still here. While it is only suspect it may live.
      if (severity !== "suspect") this.#self.restart(boot);
      return;
    }
    if (boot < record.boot) {
      if (from !== undefined) this.#core.send(from, [{ kind: "alive", value: record }]);
      return;
    }
    if (severity === "left") return this.#self.restart(boot);
    const isDead = severity === "dead";
    // An obituary that this node's word overtook still took it out of tables; see `stamp` in the record.
    if (incarnation >= record.incarnation || (isDead && stamp > record.stamp)) this.#self.refute(incarnation, isDead);
  }

  /** Somebody passes on words of a process of this name. */
  heardAlive(heard: Alive, from?: string): void {
    if (this.#core.state !== "joined") return;
    const { record } = this.#self;
    if (heard.boot === record.boot) {
      // An incarnation this process never spoke: whoever made it up is overruled.
      if (heard.incarnation > record.incarnation) this.#self.refute(heard.incarnation, false);
      return;
    }
    if (heard.boot < record.boot) {
      if (heard.gossipAddress !== record.gossipAddress) this.tellOlderTwin(heard.gossipAddress);
      else if (from !== undefined) this.#core.send(from, [{ kind: "alive", value: record }]);
      return;
    }
    // Nobody else can live at this address: it is an earlier life of this process, with its clock ahead.
    if (heard.gossipAddress === record.gossipAddress) this.#self.restart(heard.boot);
    else this.#evict(heard.boot, heard.gossipAddress);
  }

  heardConflict({ boot, gossipAddress }: Conflict): void {
    const { record } = this.#self;
    if (this.#core.state !== "joined" || boot <= record.boot || gossipAddress === record.gossipAddress) return;
    this.#evict(boot, gossipAddress);
  }

  /** An older process of this name lives at that address: it has to stop. */
  tellOlderTwin(address: string): void {
    const { id, boot, gossipAddress } = this.#self.record;
    this.#core.send(address, [{ kind: "conflict", value: { id, boot, gossipAddress } }]);
  }

  #evict(boot: number, address: string): void {
    this.#core.state = "evicted";
    this.#core.queue.clear();
    this.#core.logger.error({ newerBoot: boot, newerAddress: address }, "a newer process uses this node id; stopping");
    this.#core.emit({ kind: "evicted", reason: `a newer process runs as ${this.#self.record.id} at ${address}` });
  }
}
