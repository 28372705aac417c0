import { clientApi } from "@tidewire/protocol-client";
import { TidewireError } from "./tidewire-error.ts";

/**
 * The http base of a server's address, without a trailing slash. Takes http, https, ws and wss, with or without the path
 * of the socket, and in a browser also an address relative to the page. Throws `invalid_argument`.
 */
export function httpBase(url: string, page: string | undefined): string {
  let parsed: URL;
  try {
    parsed = new URL(url, page);
  } catch (error) {
    throw new TidewireError("invalid_argument", `no valid url: ${url}`, {
      details: { parameter: "url" },
      cause: error,
    });
  }
  const match = /^(?:http|ws)(s?):$/.exec(parsed.protocol);
  if (match === null) {
    throw new TidewireError("invalid_argument", "the url must be http, https, ws or wss", {
      details: { parameter: "url" },
    });
  }
  let path = parsed.pathname;
  if (path.endsWith(clientApi.path)) path = path.slice(0, -clientApi.path.length);
  return `http${match[1]}://${parsed.host}${path.replace(/\/+$/, "")}`;
}
