import { describe, expect, test } from "@jest/globals";
import { createRegistry, prometheusSink, startAdminServer } from "../src/index.ts";

describe("admin server", () => {
  test("answers health, readiness and metrics, and nothing else", async () => {
    const registry = createRegistry("log-storage", "log-1");
    const sink = prometheusSink(registry);
    sink.counter("tidewire_test_total", "a counter", ["kind"]).add(2, { kind: "a" });
    // Declaring a name twice hands out the same metric.
    sink.counter("tidewire_test_total", "a counter", ["kind"]).add(1, { kind: "a" });
    let ready: true | string = "starting";
    const notices: string[] = [];
    const options = { listen: "127.0.0.1:0", registry, readiness: () => ready, notices: () => notices };
    const server = await startAdminServer(options);
    const get = async (path: string, method = "GET") => {
      const response = await fetch(`http://${server.address}${path}`, { method });
      return { status: response.status, body: await response.text() };
    };
    expect(await get("/healthz")).toEqual({ status: 200, body: "ok\n" });
    expect(await get("/health")).toEqual({ status: 200, body: "ok\n" });
    expect(await get("/readyz")).toEqual({ status: 503, body: "starting\n" });
    ready = true;
    expect(await get("/readyz")).toEqual({ status: 200, body: "ready\n" });
    notices.push("the backup is behind");
    expect(await get("/readyz")).toEqual({ status: 200, body: "ready\nthe backup is behind\n" });
    const metrics = (await get("/metrics")).body;
    expect(metrics).toContain('tidewire_test_total{kind="a",role="log-storage",node="log-1"} 3');
    expect(metrics).toContain("nodejs_eventloop_lag");
    expect((await get("/elsewhere")).status).toBe(404);
    expect((await get("/metrics", "POST")).status).toBe(405);
    await server.close();
  });

  test("a taken port gives one line that says what to do", async () => {
    const registry = createRegistry("log-storage", "log-1");
    const first = await startAdminServer({ listen: "127.0.0.1:0", registry, readiness: () => true });
    await expect(startAdminServer({ listen: first.address, registry, readiness: () => true })).rejects.toThrow(
      /cannot listen for the admin port .* taken by another process; stop it or set admin\.listen/,
    );
    await first.close();
  });
});
