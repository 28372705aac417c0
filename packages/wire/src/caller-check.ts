import { ServiceError } from "@tidewire/foundation";
import type { StubContext } from "./stub.ts";

/** Throws `forbidden` unless the peer proved one of the roles that a service's definition admits. */
export function checkCaller(context: StubContext, callers: readonly string[]): void {
  if (callers.includes(context.peer.role)) return;
  throw new ServiceError("forbidden", "the peer's role may not call this service", {
    details: { role: context.peer.role },
  });
}
