import { ServiceError } from "@tidewire/foundation";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address. Throws `invalid_argument`. */
export function parsedAddress(address: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new ServiceError("invalid_argument", "an address must be host:port", { details: { parameter: "address" } });
  }
  return { host: match[1] ?? match[2] ?? "", port };
}

export function addressText(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
