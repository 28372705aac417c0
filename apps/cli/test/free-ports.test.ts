import { createServer } from "node:net";
import { expect, test } from "@jest/globals";
import { freePorts, isPortFree } from "../src/up/free-ports.ts";

test("free ports differ, are free, and are none that the system gives to outgoing connections", async () => {
  const ports = await freePorts(12);
  expect(new Set(ports).size).toBe(12);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_768);
    expect(await isPortFree(port)).toBe(true);
  }
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(ports[0], "127.0.0.1", resolve));
  expect(await isPortFree(ports[0]!)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
});
