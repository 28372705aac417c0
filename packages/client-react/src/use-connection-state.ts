import type { ConnectionState } from "@tidewire/client";
import { useCallback, useSyncExternalStore } from "react";
import { useTidewireClient } from "./provider.ts";

/** While a page is rendered on a server nothing is connected. One object, so that hydration sees no change. */
const serverState: ConnectionState = { status: "connecting" };

/** The state of the connection; the component renders again when it changes. */
export function useConnectionState(): ConnectionState {
  const client = useTidewireClient();
  const subscribe = useCallback((onChange: () => void) => client.onState(onChange), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.state,
    () => serverState,
  );
}
