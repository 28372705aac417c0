import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { parseHostPort } from "./settings.ts";
import { listenError } from "./start-error.ts";

export interface AdminServerOptions {
  readonly listen: string;
  readonly registry: Registry;
  /** `true`, or why the process should get no traffic now. */
  readonly readiness: () => true | string;
  /** Lines that are added to the answer of `/readyz` and change nothing about it. */
  readonly notices?: () => readonly string[];
}

export interface AdminServer {
  readonly address: string;
  close(): Promise<void>;
}

/** `/healthz` (alias `/health`): the process runs. `/readyz`: it wants traffic. `/metrics`: Prometheus text. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => void answer(options, request, response));
  const { host, port } = parseHostPort(options.listen)!;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError("the admin port", options.listen, "admin.listen", error)));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: `${host}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: AdminServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "/").split("?")[0];
  if (request.method !== "GET" && request.method !== "HEAD") return reply(response, 405, "method not allowed\n");
  if (path === "/healthz" || path === "/health") return reply(response, 200, "ok\n");
  if (path === "/readyz") {
    const ready = options.readiness();
    const lines = [ready === true ? "ready" : ready, ...(options.notices?.() ?? [])];
    return reply(response, ready === true ? 200 : 503, `${lines.join("\n")}\n`);
  }
  if (path === "/metrics") {
    try {
      return reply(response, 200, await options.registry.metrics(), options.registry.contentType);
    } catch {
      return reply(response, 500, "metrics could not be collected\n");
    }
  }
  return reply(response, 404, "not found; try /healthz, /readyz or /metrics\n");
}

function reply(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
