import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/nats-core";
import type { NatsAccess, NatsSecret } from "./options.ts";

/** What the client library takes for how to reach the servers. Secrets are asked for at every connection. */
export function accessOptions({ servers, tls, ...identity }: NatsAccess): ConnectionOptions {
  const authenticator = authenticatorOf(identity);
  return {
    servers: [...servers],
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
  };
}

function authenticatorOf({ user, password, token, nkey, credentials }: Omit<NatsAccess, "servers" | "tls">) {
  const authenticators: Authenticator[] = [];
  if (user !== undefined) authenticators.push(usernamePasswordAuthenticator(user, password ?? ""));
  if (token !== undefined) authenticators.push(tokenAuthenticator(token));
  if (nkey !== undefined) authenticators.push(nkeyAuthenticator(() => bytesOf(nkey, true)));
  if (credentials !== undefined) authenticators.push(credsAuthenticator(() => bytesOf(credentials, false)));
  if (authenticators.length > 1)
    throw new RangeError("NATS takes a user, a token, an nkey or credentials, not several");
  return authenticators[0];
}

function bytesOf(secret: NatsSecret, isTrimmed: boolean): Uint8Array {
  const text = typeof secret === "function" ? secret() : secret;
  return Buffer.from(isTrimmed ? text.trim() : text);
}

/** The library passes what it does not know on to the socket. */
function tlsOptions({ serverName, ...files }: NonNullable<NatsAccess["tls"]>): NonNullable<ConnectionOptions["tls"]> {
  return { ...files, ...(serverName === undefined ? {} : { servername: serverName }) };
}
