import { afterEach, expect } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import {
  type ClientOptions,
  type ConnectionState,
  type DocumentState,
  TidewireClient,
  type TidewireDocument,
} from "../../src/index.ts";
import { MemoryNetwork } from "./memory-network.ts";
import { TestServer, type TestServerOptions } from "./test-server.ts";

/** A client, a server and the network between them, in one clock's time. */
export class World {
  readonly clock = new ManualClock();
  readonly server: TestServer;
  readonly network: MemoryNetwork;
  readonly client: TidewireClient;
  readonly states: ConnectionState[] = [];

  constructor(
    options: Partial<ClientOptions> & { readonly seed?: number } = {},
    serverOptions: TestServerOptions = {},
  ) {
    this.server = new TestServer(serverOptions);
    this.network = new MemoryNetwork(this.clock, this.server);
    const { seed = 1, ...clientOptions } = options;
    this.client = new TidewireClient({
      url: "http://edge.test",
      token: "dev:alice",
      transport: "websocket",
      webSocket: this.network.socketClass,
      clock: this.clock,
      random: new SeededRandom(seed),
      ...clientOptions,
    });
    this.client.onState((state) => this.states.push(state));
    this.server.document("game/g1");
    worlds.add(this);
  }

  get statuses(): string[] {
    return this.states.map(({ status }) => status);
  }

  /** Lets time pass, with the server saying its heartbeats. */
  async pass(ms: number): Promise<void> {
    const everyMs = this.server.options.heartbeatMs ?? 5_000;
    for (let left = ms; left > 0; left -= everyMs) {
      await this.clock.advanceAsync(Math.min(left, everyMs));
      for (const session of this.server.sessions) if (session.principal !== undefined) session.heartbeat();
    }
    await this.clock.advanceAsync(10);
  }

  /** A document with its states collected, live. */
  async watch(key = "g1"): Promise<{ document: TidewireDocument; states: DocumentState<unknown>[]; stop: () => void }> {
    const document = this.client.document("game", key);
    const states: DocumentState<unknown>[] = [];
    const stop = document.subscribe((state) => states.push(state));
    await this.pass(50);
    expect(document.state.status).toBe("live");
    return { document, states, stop };
  }
}

const worlds = new Set<World>();

/** Whatever a test did: no rule of the protocol was broken, and a closed client leaves no timer behind. */
afterEach(async () => {
  for (const world of worlds) {
    worlds.delete(world);
    world.client.close();
    world.network.mode = "hang";
    await world.clock.advanceAsync(1_000);
    expect(world.server.violations).toEqual([]);
    expect(world.clock.pendingTimers).toBe(0);
  }
});

/** The error a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error("it did not reject");
}
