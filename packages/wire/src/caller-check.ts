import { ServiceError } from "@tidewire/foundation";
import type { StubContext } from "./stub.ts";

/**
 * Throws `forbidden` unless the peer's role is one that a service's definition admits. The peer says its role itself, under
 * the key of the whole cluster: this finds wrong addresses, not impostors who have the key.
 */
export function checkCaller(context: StubContext, callers: readonly string[]): void {
  if (callers.includes(context.peer.role)) return;
  throw new ServiceError("forbidden", "the peer's role may not call this service", {
    details: { role: context.peer.role },
  });
}
