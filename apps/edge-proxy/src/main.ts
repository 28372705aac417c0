import { randomBytes } from "node:crypto";
import { Edge, HttpApi, noSuchPath, TableDirectory } from "@tidewire/edge-session";
import { PeerLinkPool } from "@tidewire/link";
import { RoutingClient } from "@tidewire/routing";
import { listenError, parseHostPort, runService } from "@tidewire/service";
import { admissionOf, authenticatorOf, drainOf, limitsOf, tlsOf } from "./configured-edge.ts";
import { watchLoopDelay } from "./loop-delay.ts";
import { ReloadedAssets } from "./reloaded-assets.ts";
import { edgeSettings } from "./settings.ts";
import { chooseEngine } from "./socket-engine/choose-engine.ts";
import type { SocketHandlers } from "./socket-engine/socket-engine.ts";

/** 128 bits that nobody can guess. */
const newId = (): string => randomBytes(16).toString("base64url");

await runService({
  name: "edge-proxy",
  description: "Terminates client connections and carries them to the document hosts",
  settings: edgeSettings,
  envAliases: { EDGE_SOCKET_ENGINE: "edge.engine" },
  start: async (config, context) => {
    const { clock, random, logger, metrics, transport, sharedKey, nodeId } = context;
    const authenticator = await authenticatorOf(config, { clock, newId });
    const assets = config.edge.assets === undefined ? undefined : new ReloadedAssets(config.edge.assets, logger);
    const links = new PeerLinkPool({ transport, clock, random, logger, metrics });
    const linkTo = (address: string) => links.get(address);
    const routing = new RoutingClient(
      { linkTo, clock, random, logger, metrics },
      { subscriber: nodeId, addresses: config.routing.addresses },
    );
    routing.start();
    const edge = new Edge(
      {
        clock,
        random,
        logger,
        metrics,
        newId,
        authenticator,
        directory: new TableDirectory(routing),
        links: { linkTo },
      },
      {
        limits: limitsOf(config),
        admission: admissionOf(config),
        origins: config.edge.origins,
        ticketSecret: config.auth.ticketSecret ?? sharedKey,
      },
    );
    const stopWatching = watchLoopDelay({ clock, metrics }, (delayMs) => edge.admission.observeLoopDelay(delayMs));
    const handlers: SocketHandlers = {
      beginUpgrade: (request) => edge.beginUpgrade(request),
      openSocket: (socket, accepted) => edge.openSession(socket, accepted),
      http: (request) =>
        HttpApi.isApiPath(request.path)
          ? edge.http.handle(request)
          : Promise.resolve(assets?.handle(request) ?? noSuchPath()),
    };
    const engineInUse = metrics.gauge("tidewire_edge_socket_engine", "1 for the socket engine in use", [
      "engine",
      "wanted",
    ]);
    const engine = await chooseEngine(config.edge.engine, { logger, engineInUse });
    const { host, port } = parseHostPort(config.edge.listen)!;
    const server = await engine
      .start(
        {
          host,
          port,
          tls: tlsOf(config),
          frameMaxBytes: edge.limits.frameMaxBytes,
          trustedProxies: config.edge.trustedProxies,
        },
        handlers,
      )
      .catch((error: unknown) => {
        throw listenError("clients", config.edge.listen, "edge.listen", error);
      });
    logger.info({ host, port: server.port, engine: server.kind, assets: assets?.count ?? 0 }, "listening for clients");
    return {
      isReady: () => (routing.table === undefined ? "no routing table yet" : true),
      drain: async () => {
        server.stopAccepting();
        await edge.drain(drainOf(config));
      },
      stop: async () => {
        stopWatching();
        routing.stop();
        await server.close();
        await links.close(0);
      },
    };
  },
});
