import type { Subscription } from "@nats-io/nats-core";
import { type DocumentName, documentName, type Logger } from "@tidewire/foundation";
import { type FenceListener, FenceWatchers } from "@tidewire/log-engine";
import type { Layout } from "./layout.ts";
import type { NatsLink } from "./nats-link.ts";

export interface FencesModules {
  readonly link: NatsLink;
  readonly layout: Layout;
  readonly logger: Logger;
}

/** Tells owners, whatever process they are connected to, that a document was taken from them. */
export class Fences {
  readonly #modules: FencesModules;
  readonly #watchers = new FenceWatchers();
  readonly #missed = new Set<() => void>();
  readonly #subscriptions = new Map<string, { readonly subscription: Subscription; listeners: number }>();

  constructor(modules: FencesModules) {
    this.#modules = modules;
    // While the connection was away nothing was heard.
    modules.link.onReuse(() => {
      for (const missed of this.#missed) missed();
    });
  }

  watch(owner: string, listener: FenceListener, missed: () => void = () => {}): () => void {
    const tellMissed = (): void => missed();
    this.#missed.add(tellMissed);
    const stop = this.#watchers.watch(owner, listener);
    const watched = this.#subscriptions.get(owner) ?? { subscription: this.#subscribe(owner), listeners: 0 };
    this.#subscriptions.set(owner, watched);
    watched.listeners++;
    let isStopped = false;
    return () => {
      if (isStopped) return;
      isStopped = true;
      stop();
      this.#missed.delete(tellMissed);
      if (--watched.listeners > 0) return;
      if (!watched.subscription.isClosed()) watched.subscription.unsubscribe();
      this.#subscriptions.delete(owner);
    };
  }

  /** After the take-over is stored. Best effort: the next write of the former owner is refused in any case. */
  tell(owner: string, document: DocumentName, epoch: number): void {
    const { link, layout } = this.#modules;
    const { space, key } = document;
    if (link.isConnected) link.nc.publish(layout.fenceSubject(owner), JSON.stringify({ space, key, epoch }));
  }

  #subscribe(owner: string): Subscription {
    const { link, layout, logger } = this.#modules;
    return link.nc.subscribe(layout.fenceSubject(owner), {
      callback: (error, message) => {
        if (error !== null) return;
        try {
          const { space, key, epoch } = message.json<{ space: unknown; key: unknown; epoch: unknown }>();
          if (typeof epoch === "number") this.#watchers.notify(owner, documentName(space, key), epoch);
        } catch (thrown) {
          logger.warn({ error: (thrown as Error).message }, "a message about a fenced document cannot be read");
        }
      },
    });
  }
}
