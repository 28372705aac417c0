import { networkInterfaces } from "node:os";
import { ServiceError } from "@tidewire/foundation";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, or `[host]:port` for IPv6; `undefined` if it is neither. */
export function tryParseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? undefined : { host: (match[1] ?? match[2])!, port };
}

/** As `tryParseEndpoint`, but throws `invalid_argument`. */
export function parseEndpoint(text: string): Endpoint {
  const endpoint = tryParseEndpoint(text);
  if (endpoint !== undefined) return endpoint;
  throw new ServiceError("invalid_argument", `"${text}" is no host:port`, { details: { parameter: "address" } });
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** What others can reach a process at that listens everywhere: the first address of this machine that is not loopback. */
export function outwardHost(family: "IPv4" | "IPv6"): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (!address.internal && address.family === family && !address.address.startsWith("fe80")) return address.address;
    }
  }
  return family === "IPv4" ? "127.0.0.1" : "::1";
}
