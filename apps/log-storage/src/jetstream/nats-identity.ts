import { readFileSync } from "node:fs";
import type { JetStreamLogSettings } from "@tidewire/log-engine-jetstream";
import { StartError } from "@tidewire/service";

type Access = JetStreamLogSettings["access"];

interface IdentitySettings {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly nkeyFile?: string | undefined;
  readonly credentialsFile?: string | undefined;
}

interface TlsSettings {
  readonly enabled: boolean;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly serverName?: string | undefined;
}

/** By what NATS knows this process. Throws a `StartError` for what contradicts itself or cannot be read. */
export function natsIdentity(
  settings: IdentitySettings,
): Pick<Access, "user" | "password" | "token" | "nkey" | "credentials"> {
  const { user, nkeyFile, credentialsFile } = settings;
  const password = secret("nats.password", settings.password, settings.passwordFile);
  const token = secret("nats.token", settings.token, settings.tokenFile);
  if (password !== undefined && user === undefined) throw new StartError("nats.password needs nats.user", 2);
  const kinds = Object.entries({ user, token, nkeyFile, credentialsFile }).filter(([, value]) => value !== undefined);
  if (kinds.length > 1) {
    const names = kinds.map(([name]) => `nats.${name}`).join(" and ");
    throw new StartError(`${names} are two ways to say who this is: set one of them`, 2);
  }
  return {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(token === undefined ? {} : { token }),
    ...(nkeyFile === undefined ? {} : { nkey: fromFile("nats.nkeyFile", nkeyFile) }),
    ...(credentialsFile === undefined ? {} : { credentials: fromFile("nats.credentialsFile", credentialsFile) }),
  };
}

/** Whether and how to speak TLS. Throws a `StartError` for files that cannot be read. */
export function natsTls({ enabled, ...given }: TlsSettings): Pick<Access, "tls"> {
  const { caFile, certFile, keyFile } = given;
  const settings = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (!enabled && settings.length === 0) return {};
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new StartError("nats.tls.certFile and nats.tls.keyFile belong together", 2);
  }
  for (const [name, file] of Object.entries({ caFile, certFile, keyFile })) {
    if (file !== undefined) readText(`nats.tls.${name}`, file);
  }
  return { tls: Object.fromEntries(settings) };
}

function secret(
  setting: string,
  value: string | undefined,
  file: string | undefined,
): string | (() => string) | undefined {
  if (value !== undefined && file !== undefined) throw new StartError(`set ${setting} or ${setting}File, not both`, 2);
  if (file === undefined) return value;
  const read = fromFile(`${setting}File`, file);
  return () => read().trim();
}

/** Read again for every connection, so that a secret can be changed; while that fails, the one of before is tried. */
function fromFile(setting: string, file: string): () => string {
  let last = readText(setting, file);
  return () => {
    try {
      last = readFileSync(file, "utf8");
    } catch {
      // The server says whether the old one still does.
    }
    return last;
  };
}

function readText(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`cannot read ${setting}: ${(error as Error).message}`);
  }
}
