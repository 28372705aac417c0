import { describe, expect, test } from "@jest/globals";
import { testCertificateFiles } from "@tidewire/link/compliance";
import { type LinkTlsSettings, linkTlsSettings, readLinkCertificate } from "../src/index.ts";

const server = testCertificateFiles("server");
const good: LinkTlsSettings = { ...server, serverName: "localhost" };
const NOW = Date.parse("2026-11-22");

describe("the certificate of the links", () => {
  test("is read from its three files", () => {
    const certificate = readLinkCertificate(good, NOW);
    expect(certificate).toMatchObject({ serverName: "localhost" });
    for (const pem of [certificate?.cert, certificate?.ca]) expect(pem).toContain("BEGIN CERTIFICATE");
    expect(certificate?.key).toContain("PRIVATE KEY");
  });

  test("is none by default", () => {
    expect(readLinkCertificate(linkTlsSettings.parse({}), NOW)).toBeUndefined();
    expect(linkTlsSettings.safeParse({ certfile: "x" }).success).toBe(false);
  });

  test.each<[string, Partial<LinkTlsSettings>, string]>([
    ["one file is missing in the settings", { caFile: undefined }, "link.tls.caFile is missing: give certFile"],
    ["one file is not there", { keyFile: "/nowhere/key.pem" }, "cannot use link.tls.keyFile: ENOENT"],
    ["a file is no PEM", { caFile: import.meta.filename }, "link.tls.caFile holds no such PEM"],
    ["the key is another's", { keyFile: testCertificateFiles("client").keyFile }, "link.tls.keyFile is not the key"],
    ["the name is not in it", { serverName: "another.cluster" }, "does not carry the DNS name another.cluster"],
  ])("stops the start where %s, and says so", (_what, change, message) => {
    expect(() => readLinkCertificate({ ...good, ...change }, NOW)).toThrow(message);
  });

  test("stops the start when it is over", () => {
    expect(() => readLinkCertificate(good, Date.parse("2200-01-01"))).toThrow("ended at 2126-10-29");
  });
});
