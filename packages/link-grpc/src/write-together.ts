import type { GrpcCall } from "./grpc-pipe.ts";

/**
 * Gives HTTP/2 everything that waits on a gRPC stream at once. Left to itself, the duplex of grpc-js takes the next message
 * when HTTP/2 has written the last one, which takes a turn of the event loop: a document host that works in turns of 5 ms
 * then sends 200 messages a second, whatever waits, and the whole system stalls with idle cores. Each message is still a
 * gRPC message of its own; they leave in one write. The first of a call still goes alone, while there is no stream yet.
 */
export function writeTogether(call: GrpcCall): void {
  call._writev = (chunks, done) => {
    let left = chunks.length;
    let failure: Error | null | undefined;
    const written = (error?: Error | null): void => {
      failure ??= error;
      if (--left === 0) done(failure);
    };
    for (const { chunk, encoding } of chunks) call._write(chunk, encoding, written);
  };
}
