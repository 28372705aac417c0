import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below what systems give to outgoing connections (from 32,768 on Linux, 49,152 elsewhere): a port that was free when it
 * was chosen would now and then be taken by a client's connection before its process listens.
 */
const CHOICE = { from: 20_000, below: 32_000 } as const;
/** So many taken ones in a row are no chance. */
const TRIES_MAX = 1_000;

/** Ports nobody listens on now. All are held until the last is known, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: ReturnType<typeof createServer>[] = [];
  for (let tries = 0; servers.length < count; tries++) {
    if (tries === TRIES_MAX) throw new Error(`no free port from ${CHOICE.from} to ${CHOICE.below} on 127.0.0.1`);
    const server = await listen(randomInt(CHOICE.from, CHOICE.below)).catch(() => undefined);
    if (server !== undefined) servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether the port can be listened on now. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

function listen(port: number) {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
