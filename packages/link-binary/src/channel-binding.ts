import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

const BINDING_BYTES = 32;

/** Bytes that only the two ends of this TLS session know; nothing without TLS. */
export function channelBinding(socket: Socket): Uint8Array {
  if (!(socket instanceof TLSSocket)) return new Uint8Array(0);
  return socket.exportKeyingMaterial(BINDING_BYTES, "EXPORTER-tidewire-link", Buffer.alloc(0));
}
