import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { Address } from "./address.ts";

/** One read at most; what is read again and again. */
const READ_BYTES = 64 * 1024;

/** Where the bytes of a socket go: the first `length` of the buffer, which is overwritten by the next read. */
export type ReadTarget = (bytes: Uint8Array, length: number) => void;

/**
 * Connects and reads into one buffer that is used again for every read: about 0.8 of the CPU of `data` events, and calmer
 * (research/link.md section 3). Node offers this to the connecting side of plain TCP only.
 */
export function connectAndRead(address: Address, target: ReadTarget): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  return connect({
    host: address.host,
    port: address.port,
    noDelay: true,
    onread: {
      buffer,
      callback(length) {
        target(buffer, length);
        return true;
      },
    },
  });
}

export function connectTlsAndRead(address: Address, options: ConnectionOptions, target: ReadTarget): TLSSocket {
  const socket = connectTls({ ...options, host: address.host, port: address.port });
  socket.setNoDelay(true);
  readFrom(socket, target);
  return socket;
}

export function readFrom(socket: Socket, target: ReadTarget): void {
  socket.on("data", (chunk: Buffer) => target(chunk, chunk.length));
}
