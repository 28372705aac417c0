import type { Client } from "@grpc/grpc-js";
import type { GrpcCall } from "./grpc-pipe.ts";

/*
 * Left to itself, grpc-js sends one message of a gRPC stream for each turn of the event loop: its duplex takes the next
 * message when HTTP/2 has written the last one, which takes a turn. A document host that works in turns of 5 ms then
 * sends 200 messages a second, whatever waits, and the whole system stalls with idle cores. Here the messages of a turn
 * go to HTTP/2 together, each still a gRPC message of its own; they leave in one write.
 */

/** What grpc-js 1.14 keeps private; the version is pinned, and a test notices if this does not hold any more. */
interface CallFactory {
  createLoadBalancingCall?: (...args: unknown[]) => unknown;
  createRetryingCall?: (...args: unknown[]) => unknown;
}

/**
 * Takes the retry buffer out of the way of every call: it is there with retries off, too, sends the next message when the
 * last one was written, and acknowledges what it only holds, which would hide up to 1 MiB for each stream from the bounds.
 */
export function withoutRetryBuffer(client: Client): Client {
  const factory = (client.getChannel() as { internalChannel?: CallFactory }).internalChannel;
  // Slower, and as correct, if a later version has no such thing.
  if (factory?.createLoadBalancingCall !== undefined) factory.createRetryingCall = factory.createLoadBalancingCall;
  return client;
}

/** Gives HTTP/2 everything that waits at once. The first message of a call still goes alone, while there is no stream yet. */
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
