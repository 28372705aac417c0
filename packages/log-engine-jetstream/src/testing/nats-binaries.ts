import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isOlder } from "../gate.ts";

export interface NatsBinary {
  readonly path: string;
  readonly version: string;
}

/** Servers with a compare-and-set that works on replicated streams. */
const CURRENT_FROM = "2.10.23";

/**
 * The servers of this machine: `NATS_SERVER_BIN`, what Go installed, what is in the path, and the one of the system.
 * `node infra/bootstrap.mjs test` installs what is missing, where it can.
 */
function installed(): NatsBinary[] {
  const goPath = process.env["GOPATH"] ?? join(homedir(), "go");
  const folders = [join(goPath, "bin"), ...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/bin"];
  const candidates = [process.env["NATS_SERVER_BIN"], ...folders.map((folder) => join(folder, "nats-server"))];
  const paths = new Set(candidates.filter((path): path is string => path !== undefined && existsSync(path)));
  return [...paths].flatMap((path) => {
    const version = /v(\d+\.\d+\.\d+)/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }))?.[1];
    return version === undefined ? [] : [{ path, version }];
  });
}

const all = installed();

/** A current server: replicated streams, batches of direct reads. */
export const currentServer: NatsBinary | undefined = all.find(({ version }) => !isOlder(version, CURRENT_FROM));
/** The one of Debian 12, without any of that. */
export const oldServer: NatsBinary | undefined = all.find(({ version }) => isOlder(version, "2.10.0"));

/** True if the tests of this server are to be left out. On CI a missing server is a failure. */
export function isMissing(binary: NatsBinary | undefined, what: string): binary is undefined {
  if (binary !== undefined) return false;
  const hint = `${what} is missing: run \`node infra/bootstrap.mjs servers\`, or set NATS_SERVER_BIN`;
  if (process.env["CI"] === "true") throw new Error(hint);
  console.warn(`skipped: ${hint}`);
  return true;
}
