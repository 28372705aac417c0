import type * as uws from "uWebSockets.js";

/** The native addon, as a value: it may be missing for this platform, and then only this import fails. */
export type UwsModule = typeof uws & UntypedParts;

/** What the addon has and its types leave out. */
interface UntypedParts {
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

export type UwsApp = Omit<uws.TemplatedApp, "listen"> & {
  listen(host: string, port: number, options: number, callback: (token: uws.us_listen_socket | false) => void): void;
};

export async function loadUws(): Promise<UwsModule> {
  // CommonJS: what the addon exports is the default export.
  const module = (await import("uWebSockets.js")) as unknown as { readonly default: UwsModule };
  return module.default;
}
