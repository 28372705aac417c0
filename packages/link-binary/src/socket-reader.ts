import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Address } from "./address.ts";
import { LINK_TLS_MIN_VERSION, type LinkCertificate } from "./handshake/link-certificate.ts";

/** One read at most; what is read again and again. */
export const READ_BYTES = 64 * 1024;

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

export function connectTlsAndRead(address: Address, certificate: LinkCertificate, target: ReadTarget): TLSSocket {
  const { cert, key, ca, serverName } = certificate;
  const socket = connectTls({
    ...{ cert, key, ca, servername: serverName, minVersion: LINK_TLS_MIN_VERSION },
    host: address.host,
    port: address.port,
  });
  socket.setNoDelay(true);
  readFrom(socket, target);
  return socket;
}

export function readFrom(socket: Socket, target: ReadTarget): void {
  socket.on("data", (chunk: Buffer) => target(chunk, chunk.length));
}

/** A buffer that any number of accepted sockets may read into: what is in it is consumed before the next one reads. */
export function readBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BYTES);
}

/** The part of a socket's handle that is used. */
interface ReadingHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/**
 * Reads an accepted socket into that buffer, as `onread` does for one that connects. Node has no option for this side, so
 * it is set up as Node sets it up itself: two properties of the socket, and the handle is told. Returns false, with
 * nothing done, where a version of Node keeps them elsewhere; then there are `data` events.
 */
export function readIntoBuffer(socket: Socket, buffer: Buffer, target: ReadTarget): boolean {
  const symbols = Object.getOwnPropertySymbols(socket);
  const bufferKey = symbols.find(({ description }) => description === "kBuffer");
  const callbackKey = symbols.find(({ description }) => description === "kBufferCb");
  const { _handle: handle } = socket as unknown as { readonly _handle?: ReadingHandle | null };
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== "function") return false;
  const callback = (length: number): boolean => {
    target(buffer, length);
    return true;
  };
  Object.assign(socket, { [bufferKey]: buffer, [callbackKey]: callback });
  handle.useUserBuffer(buffer);
  return true;
}
