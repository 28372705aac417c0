import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyTooLarge, type HttpAnswer, type HttpRequest, type HttpSink } from "@tidewire/edge-session";
import { clientAddress, type SocketHandlers, type SocketServerOptions } from "./socket-engine.ts";

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

export function addressOf(request: IncomingMessage, options: SocketServerOptions): string {
  const forwardedFor = headerOf(request, "x-forwarded-for");
  return clientAddress(request.socket.remoteAddress ?? "", forwardedFor, options.trustedProxies);
}

/** One HTTP exchange on node:http. */
export async function serveHttp(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handlers: SocketHandlers,
  options: SocketServerOptions,
): Promise<void> {
  const body = await readBody(incoming, options.frameMaxBytes);
  if (body === "aborted") return;
  if (body === "too large") {
    outgoing.shouldKeepAlive = false;
    respond(outgoing, bodyTooLarge(options.frameMaxBytes));
    return;
  }
  const url = incoming.url ?? "/";
  const queryAt = url.indexOf("?");
  const request: HttpRequest = {
    method: (incoming.method ?? "GET").toUpperCase(),
    path: queryAt < 0 ? url : url.slice(0, queryAt),
    query: queryAt < 0 ? "" : url.slice(queryAt + 1),
    address: addressOf(incoming, options),
    body,
    header: (name) => headerOf(incoming, name),
    onAborted: (listener) => {
      // It may have left before anybody asked.
      if (outgoing.destroyed) listener();
      else {
        outgoing.once("close", () => {
          if (!outgoing.writableFinished) listener();
        });
      }
    },
  };
  respond(outgoing, await handlers.http(request));
}

function respond(outgoing: ServerResponse, answer: HttpAnswer): void {
  if (outgoing.destroyed) return;
  if (answer.kind === "response") {
    const hasLength = answer.status !== 204 && answer.status !== 304;
    const length = hasLength ? { "Content-Length": Buffer.byteLength(answer.body ?? "") } : {};
    outgoing.writeHead(answer.status, { ...answer.headers, ...length });
    outgoing.end(answer.body);
    return;
  }
  outgoing.writeHead(answer.status, answer.headers);
  outgoing.flushHeaders();
  const sink: HttpSink = {
    write: (text) => void outgoing.write(text),
    get bufferedBytes() {
      return outgoing.writableLength;
    },
    end: () => void outgoing.end(),
  };
  const events = answer.start(sink);
  outgoing.on("drain", () => events.drained());
  outgoing.on("close", () => {
    if (!outgoing.writableEnded) events.closed();
  });
}

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | "too large" | "aborted"> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return "too large";
      chunks.push(chunk);
    }
  } catch {
    return "aborted";
  }
  return Buffer.concat(chunks);
}
