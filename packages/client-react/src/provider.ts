import type { TidewireClient } from "@tidewire/client";
import { createContext, createElement, type ReactNode, useContext } from "react";

const ClientContext = createContext<TidewireClient | undefined>(undefined);

export interface TidewireProviderProps {
  /** Made and closed by whoever renders this: a client outlives the components that use it. */
  readonly client: TidewireClient;
  readonly children?: ReactNode;
}

/** Gives every component below the client to use. */
export function TidewireProvider({ client, children }: TidewireProviderProps): ReactNode {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest provider. Throws if there is none. */
export function useTidewireClient(): TidewireClient {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("there is no TidewireProvider above this component");
  return client;
}
