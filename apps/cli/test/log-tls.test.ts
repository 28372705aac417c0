import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type TestCertificate, testCertificateFiles } from "@tidewire/link/compliance";
import { addressOf, type JsonProcess, startLogStorage, tidewireLog } from "./support/log-processes.ts";

const TIMEOUT_MS = 60_000;
const LINKS = ["binary", "grpc"] as const;

let folder: string;
let storage: JsonProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tidewire-tls-"));
});
afterEach(async () => {
  await storage?.kill();
  rmSync(folder, { recursive: true, force: true });
});

function tlsFlags(name: TestCertificate): Record<string, string> {
  const { certFile, keyFile, caFile } = testCertificateFiles(name);
  return {
    "link.tls.certFile": certFile,
    "link.tls.keyFile": keyFile,
    "link.tls.caFile": caFile,
    "link.tls.serverName": "localhost",
  };
}

const argsOf = (flags: Record<string, string>): string[] =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

describe.each(LINKS)("log storage with certificates, over %s", (link) => {
  test(
    "serves who shows one of its CA, and nobody else",
    async () => {
      storage = startLogStorage(folder, { index: 0, count: 1 }, { "link.kind": link, ...tlsFlags("server") });
      const address = await addressOf(storage);
      const unseal = (...args: string[]) => tidewireLog("unseal", "--log", address, "--link", link, ...args);

      const known = unseal(...argsOf(tlsFlags("client")));
      expect(await known.exited).toBe(0);
      expect(known.lines).toEqual([{ event: "unsealed", addresses: [address] }]);

      const stranger = unseal();
      expect(await stranger.exited).toBe(1);
      expect(stranger.stderr).toContain(`cannot reach the log storage at ${address}`);
      expect(stranger.lines).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

test("a certificate without its key is one line that says what to do", async () => {
  const command = tidewireLog("unseal", "--log", "127.0.0.1:1", `--link.tls.certFile=${join(folder, "cert.pem")}`);
  expect(await command.exited).toBe(2);
  expect(command.stderr).toContain("cannot use link.tls.certFile");
});
