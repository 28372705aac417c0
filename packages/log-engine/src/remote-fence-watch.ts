import { type Backoff, type Clock, documentName, type Timer } from "@tidewire/foundation";
import type { ClientStream, LinkCaller } from "@tidewire/link";
import { type Empty, LogService } from "@tidewire/protocol-log";
import type { FenceListener } from "./fence-watchers.ts";

export interface RemoteFenceWatchModules {
  readonly link: LinkCaller;
  readonly clock: Clock;
  readonly backoff: Backoff;
}

export interface RemoteFenceListener {
  readonly fenced: FenceListener;
  /** From now on everything is told; what happened before has to be asked for. `isWatching` says whether it lasts. */
  readonly begun: (isWatching: () => boolean) => void;
}

/**
 * Listens for the documents an owner has lost, over as many streams as it takes: each ends when its connection does, and
 * the next one is asked for at once, so that it begins with the next connection.
 */
export class RemoteFenceWatch {
  readonly #modules: RemoteFenceWatchModules;
  readonly #owner: string;
  readonly #listener: RemoteFenceListener;
  #stream: ClientStream<Empty> | undefined;
  #retry: Timer | undefined;
  #isStopped = false;

  constructor(modules: RemoteFenceWatchModules, owner: string, listener: RemoteFenceListener) {
    this.#modules = modules;
    this.#owner = owner;
    this.#listener = listener;
    this.#open();
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#stream?.cancel();
  }

  #open(): void {
    const { link, clock, backoff } = this.#modules;
    const request = { owner: this.#owner, confirm: true };
    let isWatching = true;
    this.#stream = link.open(LogService.methods.watch, request, {
      message: ({ space, key, epoch }) => {
        backoff.reset();
        this.#stream?.grant(1);
        if (space === "") this.#listener.begun(() => isWatching && !this.#isStopped);
        else this.#listener.fenced(documentName(space, key), epoch);
      },
      end: () => {
        isWatching = false;
        if (!this.#isStopped) this.#retry = clock.after(backoff.nextDelayMs(), () => this.#open());
      },
    });
  }
}
