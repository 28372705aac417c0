/** What the platform knows about the network. Only "there is none" is believed; "there is one" promises nothing. */
export interface NetworkMonitor {
  isOnline(): boolean;
  /** Calls `listener` when the answer changes; returns how to stop. */
  onChange(listener: () => void): () => void;
}

interface BrowserGlobals {
  readonly navigator?: { readonly onLine?: boolean };
  addEventListener?(type: "online" | "offline", listener: () => void): void;
  removeEventListener?(type: "online" | "offline", listener: () => void): void;
}

/** A browser's `online` and `offline` events; where there are none, always online. */
export class PlatformNetworkMonitor implements NetworkMonitor {
  readonly #globals = globalThis as BrowserGlobals;

  isOnline(): boolean {
    return this.#globals.navigator?.onLine !== false;
  }

  onChange(listener: () => void): () => void {
    this.#globals.addEventListener?.("online", listener);
    this.#globals.addEventListener?.("offline", listener);
    return () => {
      this.#globals.removeEventListener?.("online", listener);
      this.#globals.removeEventListener?.("offline", listener);
    };
  }
}
