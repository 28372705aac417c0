import type { MembershipHandle } from "@tidewire/membership-udp";
import { DerivedTable, type RoutingSource } from "@tidewire/routing";
import type { ServiceContext } from "@tidewire/service";

/** How long a change of this host's own state may take to show in its own table. */
const OWN_CHANGE_MS = 1_000;

/** The routing table as this member of the group derives it, and what it says about this host. */
export class TableOfMembers {
  readonly #table: DerivedTable;
  readonly #context: ServiceContext;

  constructor(epoch: number, context: ServiceContext) {
    this.#context = context;
    this.#table = new DerivedTable(context, { epoch });
  }

  follow(membership: MembershipHandle): void {
    membership.onChange((view) => this.#table.update(view));
    if (membership.isJoined) this.#table.update(membership.view());
  }

  get source(): RoutingSource {
    return this.#table;
  }

  /** `undefined` while the table does not know this host. */
  get ownState(): "joining" | "active" | "draining" | undefined {
    return this.#table.table?.hosts.find((host) => host.id === this.#context.nodeId)?.state;
  }

  /** Resolves when the table does not count on this host any more, or soon after. */
  async noLongerActive(): Promise<void> {
    if (this.ownState !== "active") return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stopListening();
        timer.cancel();
        resolve();
      };
      const timer = this.#context.clock.after(OWN_CHANGE_MS, done);
      const stopListening = this.#table.onTable(() => {
        if (this.ownState !== "active") done();
      });
    });
  }

  stop(): void {
    this.#table.stop();
  }
}
