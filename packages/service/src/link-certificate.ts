import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { MetricsSink } from "@tidewire/foundation";
import type { LinkCertificate } from "@tidewire/link-binary/handshake";
import { z } from "zod";
import { StartError } from "./start-error.ts";

const file = (what: string) => z.string().optional().describe(what);

/** Settings of mutual TLS between processes: all three files, or none. */
export const linkTlsSettings = z
  .strictObject({
    certFile: file("PEM certificate chain of this process; with the next two, links use mutual TLS"),
    keyFile: file("PEM private key of that certificate"),
    caFile: file("PEM certificate of the CA that signs the processes of this cluster, and nothing else"),
    serverName: z.string().min(1).default("tidewire").describe("DNS name every certificate of the cluster carries"),
  })
  .prefault({});

export type LinkTlsSettings = z.output<typeof linkTlsSettings>;

/**
 * Reads the certificate that links are to use; `undefined` without one. Throws a `StartError` for what could not work:
 * a file is missing, the key is another's, the name is not in it, it is over.
 */
export function readLinkCertificate(settings: LinkTlsSettings, nowMs: number): LinkCertificate | undefined {
  const { certFile, keyFile, caFile, serverName } = settings;
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
  const certificate = {
    cert: readPem("certFile", certFile),
    key: readPem("keyFile", keyFile),
    ca: readPem("caFile", caFile),
    serverName,
  };
  check(certificate, nowMs);
  return certificate;
}

/** When it ends, so that an operator can be warned in time: processes read it at their start. */
export function reportExpiry({ cert }: LinkCertificate, metrics: MetricsSink): void {
  metrics
    .gauge("tidewire_link_certificate_expires_seconds", "When the certificate of the links ends, in Unix time")
    .set(endOf(new X509Certificate(cert)) / 1000);
}

function readPem(name: keyof LinkTlsSettings, path: string | undefined): string {
  if (path === undefined) {
    throw new StartError(`link.tls.${name} is missing: give certFile, keyFile and caFile, or none of them`, 2);
  }
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new StartError(`cannot use link.tls.${name}: ${(error as Error).message}`, 2);
  }
}

function check({ cert, key, ca, serverName }: LinkCertificate, nowMs: number): void {
  const own = parsed("certFile", () => new X509Certificate(cert));
  parsed("caFile", () => new X509Certificate(ca));
  const privateKey = parsed("keyFile", () => createPrivateKey(key));
  if (!own.checkPrivateKey(privateKey)) {
    throw new StartError("link.tls.keyFile is not the key of the certificate in link.tls.certFile", 2);
  }
  if (own.checkHost(serverName) === undefined) {
    throw new StartError(
      `the certificate in link.tls.certFile does not carry the DNS name ${serverName}: issue one that does, or set link.tls.serverName`,
      2,
    );
  }
  const endMs = endOf(own);
  if (endMs <= nowMs) {
    throw new StartError(`the certificate in link.tls.certFile ended at ${new Date(endMs).toISOString()}`, 2);
  }
}

function parsed<Value>(name: keyof LinkTlsSettings, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new StartError(`link.tls.${name} holds no such PEM: ${(error as Error).message}`, 2);
  }
}

const endOf = (certificate: X509Certificate): number => Date.parse(certificate.validTo);
