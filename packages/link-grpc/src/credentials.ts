import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { type ChannelCredentials, type ChannelOptions, credentials, ServerCredentials } from "@grpc/grpc-js";
import { LINK_TLS_MIN_VERSION, type LinkCertificate } from "@tidewire/link-binary/handshake";

/**
 * Mutual TLS with a certificate, plain text without. `connected` gets the socket before a byte goes over it: closing a
 * channel that is still shaking hands does not close its socket, and a dialler of a frozen peer would collect them.
 */
export function channelCredentials(
  certificate: LinkCertificate | undefined,
  connected: (socket: Socket) => void,
): ChannelCredentials {
  const made = certificate === undefined ? credentials.createInsecure() : secureCredentials(certificate);
  const createConnector = made._createSecureConnector.bind(made);
  made._createSecureConnector = (...target) => {
    const connector = createConnector(...target);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => {
      connected(socket);
      return connect(socket);
    };
    return connector;
  };
  return made;
}

function secureCredentials({ cert, key, ca }: LinkCertificate): ChannelCredentials {
  return credentials.createFromSecureContext(createSecureContext({ cert, key, ca, minVersion: LINK_TLS_MIN_VERSION }));
}

/** The name to ask for and to check, whatever the address is. */
export function serverNameOptions(certificate: LinkCertificate | undefined): ChannelOptions {
  return certificate === undefined ? {} : { "grpc.ssl_target_name_override": certificate.serverName };
}

/** The same for the listening side, which refuses whoever shows no certificate of the CA, or not in time. */
export function serverCredentials(
  certificate: LinkCertificate | undefined,
  handshakeTimeoutMs: number,
): ServerCredentials {
  if (certificate === undefined) return ServerCredentials.createInsecure();
  return new MutualTlsCredentials(certificate, handshakeTimeoutMs);
}

/**
 * `createSsl` has no options for the oldest version of TLS and for the time a handshake may take: it would accept 1.2, and
 * wait Node's 120 s.
 */
class MutualTlsCredentials extends ServerCredentials {
  constructor({ cert, key, ca }: LinkCertificate, handshakeTimeoutMs: number) {
    super(
      { requestCert: true, rejectUnauthorized: true, handshakeTimeout: handshakeTimeoutMs },
      { cert, key, ca, minVersion: LINK_TLS_MIN_VERSION },
    );
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
