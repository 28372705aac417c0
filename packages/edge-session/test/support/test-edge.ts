import { ManualClock, noLogger, noMetrics, SeededRandom } from "@tidewire/foundation";
import { type LinkTransport, MemoryLinkNetwork, PeerLinkPool } from "@tidewire/link";
import type { Authenticator } from "../../src/auth/authenticator.ts";
import { DevAuthenticator } from "../../src/auth/dev-authenticator.ts";
import { defaultEdgeOptions, Edge, type EdgeOptions } from "../../src/edge.ts";
import { defaultLimits, type EdgeLimits } from "../../src/limits.ts";
import { FakeDirectory } from "./fake-directory.ts";
import { ModelDocument } from "./model-document.ts";
import { ScriptedHost } from "./scripted-host.ts";
import { TestClient } from "./test-client.ts";

export interface TestEdgeOptions {
  readonly seed?: number;
  readonly limits?: Partial<EdgeLimits>;
  readonly authenticator?: (clock: ManualClock) => Authenticator;
  readonly edge?: Partial<EdgeOptions>;
  readonly document?: ModelDocument;
}

/** One edge, two scripted hosts that share a document, and a clock that stands still. */
export class TestEdge {
  readonly clock = new ManualClock();
  readonly directory = new FakeDirectory();
  readonly document: ModelDocument;
  readonly network: MemoryLinkNetwork;
  readonly edge: Edge;
  readonly hosts: readonly [ScriptedHost, ScriptedHost];
  #ids = 0;
  #heartbeats = 1_000_000;

  private constructor(options: TestEdgeOptions) {
    const { clock, directory } = this;
    this.document = options.document ?? new ModelDocument();
    this.network = new MemoryLinkNetwork({ clock });
    this.hosts = [
      new ScriptedHost("host-a", "host-a:1", this.document),
      new ScriptedHost("host-b", "host-b:1", this.document),
    ];
    const random = new SeededRandom(options.seed ?? 1);
    const newId = (): string => `id${++this.#ids}`;
    const transport = this.network.node("edge", "edge-proxy");
    const pool = new PeerLinkPool({ transport, clock, random, logger: noLogger, metrics: noMetrics });
    this.edge = new Edge(
      {
        clock,
        random,
        logger: noLogger,
        metrics: noMetrics,
        newId,
        authenticator: options.authenticator?.(clock) ?? new DevAuthenticator(newId),
        directory,
        links: { linkTo: (address) => pool.get(address) },
      },
      {
        ...defaultEdgeOptions,
        ticketSecret: "a secret of this test",
        ...options.edge,
        limits: { ...defaultLimits, ...options.limits },
      },
    );
  }

  static async start(options: TestEdgeOptions = {}): Promise<TestEdge> {
    const edge = new TestEdge(options);
    for (const host of edge.hosts) await host.listen(edge.transportOf(host));
    edge.directory.set(edge.hosts[0], { "host-b": "present" });
    return edge;
  }

  transportOf(host: ScriptedHost): LinkTransport {
    return this.network.node(host.id, "document-host");
  }

  /** A client that is connected and has said nothing. */
  async connect(headers: Record<string, string> = {}, address = "192.0.2.1"): Promise<TestClient> {
    const decision = await this.edge.judgeUpgrade({ address, header: (name) => headers[name] });
    if (decision.kind === "refuse") throw new Error(`upgrade refused: ${String(decision.response.body)}`);
    const client = new TestClient();
    client.session = this.edge.openSession(client, decision);
    return client;
  }

  /** A client that is alice. */
  async connectAs(agent = "alice"): Promise<TestClient> {
    return await this.connect({ authorization: `Bearer dev:${agent}` });
  }

  /** A client with a live stream under id 7. */
  async connectWithStream(parameters: object = {}): Promise<TestClient> {
    const client = await this.connectAs();
    client.up({ id: 7, method: "connection/create", space: "conformance", key: "k1", ...parameters });
    await this.settle();
    return client;
  }

  /** Lets everything under way arrive. */
  async settle(ms = 1): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  /** The same while the client goes on saying heartbeats. */
  async settleAlive(client: TestClient, ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 4_000) {
      client.up({ id: ++this.#heartbeats, method: "heartbeat", at: 1 });
      await this.clock.advanceAsync(Math.min(4_000, leftMs));
    }
  }
}
