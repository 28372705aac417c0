import type { Health, Lifecycle, MemberMeta } from "./member.ts";

/** What can happen to a member. Addresses are `host:port`. */
export type MembershipEvent =
  /** Begins to join through these addresses; may hold the node's own. */
  | { readonly kind: "start"; readonly seeds: readonly string[] }
  /** An answer to the effect `resolve`. */
  | { readonly kind: "seeds"; readonly seeds: readonly string[] }
  /** The engine keeps nothing of `packet` beyond the call. */
  | { readonly kind: "packet"; readonly from: string; readonly packet: Uint8Array }
  /** Somebody opened an exchange; answer with `reply` or not at all. */
  | { readonly kind: "request"; readonly exchange: number; readonly from: string; readonly body: Uint8Array }
  /** The answer to an exchange this node opened. */
  | { readonly kind: "response"; readonly exchange: number; readonly body: Uint8Array }
  /** It got none, in time or at all. */
  | { readonly kind: "failed"; readonly exchange: number }
  /** The time named by the last `wake` has come. */
  | { readonly kind: "tick" }
  | { readonly kind: "lifecycle"; readonly lifecycle: Lifecycle }
  | { readonly kind: "meta"; readonly meta: MemberMeta }
  /** Keys this node holds, told in acknowledgements so that a rotation can see who has the new one. */
  | { readonly kind: "keys"; readonly keyIds: readonly number[] }
  | { readonly kind: "leave" };

/** What the engine wants done. */
export type MembershipEffect =
  | { readonly kind: "send"; readonly to: string; readonly packet: Uint8Array }
  | {
      readonly kind: "request";
      readonly exchange: number;
      readonly to: string;
      readonly body: Uint8Array;
      readonly timeoutMs: number;
    }
  | { readonly kind: "reply"; readonly exchange: number; readonly body: Uint8Array }
  /** Send `tick` at this time of the clock that `handle` is given; replaces the earlier wish. */
  | { readonly kind: "wake"; readonly at: number }
  /** Look the seeds up again and send `seeds`. */
  | { readonly kind: "resolve" }
  | MemberChanged
  /** The version of the view grew, perhaps with nothing else to see. */
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "joined" }
  /** Goodbye is said; nothing more will be sent. */
  | { readonly kind: "left" }
  /** A newer process runs under this id: this one must stop. */
  | { readonly kind: "evicted"; readonly reason: string };

export interface MemberChanged {
  readonly kind: "changed";
  readonly id: string;
  readonly boot: number;
  readonly incarnation: number;
  readonly before: Health | undefined;
  readonly after: Health;
  /** This node declared it itself, because its own suspicion ran out; false for what it learned from others. */
  readonly isVerdict: boolean;
}
