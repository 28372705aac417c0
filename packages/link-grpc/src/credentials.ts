import { createSecureContext } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from "@grpc/grpc-js";
import { LINK_TLS_MIN_VERSION, type LinkCertificate } from "@tidewire/link-binary/handshake";

/** Mutual TLS with a certificate, plain text without. */
export function channelCredentials(certificate: LinkCertificate | undefined): ChannelCredentials {
  if (certificate === undefined) return credentials.createInsecure();
  const { cert, key, ca } = certificate;
  const context = createSecureContext({ cert, key, ca, minVersion: LINK_TLS_MIN_VERSION });
  return credentials.createFromSecureContext(context);
}

/** The name to ask for and to check, whatever the address is. */
export function serverNameOptions(certificate: LinkCertificate | undefined): ChannelOptions {
  return certificate === undefined ? {} : { "grpc.ssl_target_name_override": certificate.serverName };
}

/** The same for the listening side, which refuses whoever shows no certificate of the CA. */
export function serverCredentials(certificate: LinkCertificate | undefined): ServerCredentials {
  if (certificate === undefined) return ServerCredentials.createInsecure();
  const { cert, key, ca } = certificate;
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  return ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
}
