import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { Client, Server } from "@grpc/grpc-js";

/*
 * What grpc-js 1.14 keeps private and has no option for. The version is pinned; with one that has no such things the link
 * is slower, as correct, and open to more strangers at once. The compliance suite ("messages of one turn") and the tests
 * of strangers notice.
 */

interface CallFactory {
  createLoadBalancingCall?: (...args: unknown[]) => unknown;
  createRetryingCall?: (...args: unknown[]) => unknown;
}

/**
 * Takes the retry buffer out of the way of every call. It is there with retries off, too, sends the next message a turn
 * after the last one, and acknowledges what it only holds, which would hide up to 1 MiB for each stream from the bounds.
 */
export function withoutRetryBuffer(client: Client): void {
  const factory = (client.getChannel() as { internalChannel?: CallFactory }).internalChannel;
  if (factory?.createLoadBalancingCall !== undefined) factory.createRetryingCall = factory.createLoadBalancingCall;
}

/**
 * Lets a client have that many bytes under way, as `grpc-node.flow_control_window` does in the other direction; a server
 * ignores that option. With the default of 64 KiB a client sends as much in the time it takes both sides to get round to
 * their event loops: 1 MB a second between two busy processes. Call when the server is bound.
 */
export function widenWindow(server: Server, bytes: number): void {
  for (const http2Server of http2ServersOf(server)) {
    http2Server.on("session", (session: ServerHttp2Session) => {
      session.settings({ initialWindowSize: bytes });
      session.setLocalWindowSize(bytes);
    });
  }
}

/** The HTTP/2 servers behind it, one for each address; there when it is bound. */
export function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  return [...(http2Servers?.keys() ?? [])];
}
