import type { NatsBinary } from "./nats-binaries.ts";
import { freePorts, NatsProcess } from "./nats-process.ts";

/** Three servers on loopback that replicate each other's streams. */
export class NatsCluster {
  readonly servers: readonly NatsProcess[];

  private constructor(servers: readonly NatsProcess[]) {
    this.servers = servers;
  }

  static async start(binary: NatsBinary, options: { readonly syncAlways?: boolean } = {}): Promise<NatsCluster> {
    const routes = await freePorts(3);
    const servers = await Promise.all(
      routes.map((port, index) =>
        NatsProcess.start(binary, { ...options, serverName: `n${index}`, cluster: { name: "test", port, routes } }),
      ),
    );
    const cluster = new NatsCluster(servers);
    await cluster.whole();
    return cluster;
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  get monitoringUrls(): string[] {
    return this.servers.map(({ monitoringUrl }) => monitoringUrl);
  }

  named(name: string): NatsProcess {
    return this.servers[Number(name.slice(1))] as NatsProcess;
  }

  /** Resolves when every server sees a leader and the two others. */
  async whole(): Promise<void> {
    for (const { monitoringUrl } of this.servers) {
      for (;;) {
        const jsz = await fetch(`${monitoringUrl}/jsz`)
          .then((response) => response.json() as Promise<Jsz>)
          .catch(() => undefined);
        if (jsz?.meta_cluster?.cluster_size === 3 && jsz.meta_cluster.leader) break;
      }
    }
  }

  async remove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.remove()));
  }
}

interface Jsz {
  readonly meta_cluster?: { readonly leader?: string; readonly cluster_size?: number };
}
