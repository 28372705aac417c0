import { fileURLToPath } from "node:url";
import { StandingGuard } from "@tidewire/document/standing-guard";
import { DocumentHost, serveHost } from "@tidewire/document-host-engine";
import { LinkServiceTable, PeerLink } from "@tidewire/link";
import { LogShardLinks } from "@tidewire/log-engine";
import { joinAsService } from "@tidewire/membership-udp";
import { OwnerLookup } from "@tidewire/routing";
import { listenForLinks, runService } from "@tidewire/service";
import { isOfDocuments } from "./document-faults.ts";
import { serveReloads } from "./reload-requests.ts";
import { ServedDocuments } from "./served-documents.ts";
import { documentHostSettings, limitsOf } from "./settings.ts";
import { TableOfMembers } from "./table-of-members.ts";

/** Behind the processes that connect to it: on loopback unless told otherwise. */
const DEFAULT_LISTEN = "127.0.0.1:7400";
/** After the hand-over only answers to calls for other hosts are left. */
const CLOSE_GRACE_MS = 500;

/** Beside `main.js` in the bundle; see build.mjs. */
const guardWatch = new URL("./guard-watch.js", import.meta.url);

/** Of the grace period; the rest is for the gossip group and for what is slower than planned. */
const HAND_OVER_SHARE = 0.6;

await runService({
  name: "document-host",
  description: "Keeps documents in memory, runs their code, and sends every viewer its own deltas",
  settings: documentHostSettings,
  start: async (config, context) => {
    const { clock, random, logger, metrics, nodeId, transport } = context;
    const documents = await ServedDocuments.load(
      config,
      limitsOf(config.document, config.host.viewersPerDocumentMax),
      logger,
    );
    const { runtimes } = documents;
    const guardLosses = metrics.counter(
      "tidewire_document_host_guard_losses_total",
      "Times the guard's thread or its signal was lost: each turn starts a thread from then on",
    );
    const guard = await StandingGuard.open(guardWatch, {
      budgetMs: config.host.runaway,
      onLost: (cause) => {
        guardLosses.add();
        logger.error({ err: cause }, "the standing guard is lost; each turn starts a thread from now on");
      },
    });
    const table = new TableOfMembers(config.routing.epoch, context);
    const log = new LogShardLinks(
      config.log.addresses.map((address) => new PeerLink(address, context)),
      context,
    );
    const host = new DocumentHost(
      nodeId,
      {
        runtimes,
        log: log.engine,
        routing: table.source,
        owners: new OwnerLookup(),
        sender: transport,
        clock,
        random,
        logger,
        metrics,
        guard,
        afterReads: setImmediate,
      },
      {
        documentsMax: config.host.documentsMax,
        viewersMax: config.host.viewersMax,
        viewersPerDocumentMax: config.host.viewersPerDocumentMax,
        commandsMax: config.host.commandsMax,
        commandsPerDocumentMax: config.host.commandsPerDocumentMax,
        idleUnloadMs: config.host.idleUnload,
        reattachGraceMs: config.host.reattachGrace,
        quarantineMs: config.host.quarantine,
        handOverPerSecond: config.host.handOverPerSecond,
        handOverConcurrency: config.host.handOverConcurrency,
      },
    );
    // Everything is served before anybody can call: an edge that knows this address from before calls at once.
    const services = new LinkServiceTable();
    serveHost(host, services);
    const listener = await listenForLinks(transport, config.link.listen ?? DEFAULT_LISTEN, services);
    const membership = await joinAsService(config, "document-host", listener, context);
    table.follow(membership);
    host.start();
    serveReloads(documents, host, logger);
    // Documents come only to a host that can reach their log; later outages are the same for every host.
    const stopWaiting = log.onUsable(() => membership.setLifecycle("active"));
    log.connect();
    const spaces = runtimes.map((runtime) => runtime.space);
    logger.info({ link: listener.address, gossip: membership.gossipAddress, spaces }, "serving documents");
    return {
      isReady: () => {
        if (log.problem !== undefined) return log.problem;
        if (!membership.isJoined) return "not in the gossip group yet";
        return table.ownState === "active" ? true : "not active in the routing table yet";
      },
      survives: (error) => isOfDocuments(error, documents.modules, fileURLToPath(import.meta.url)),
      drain: async () => {
        stopWaiting();
        membership.setLifecycle("draining");
        await table.noLongerActive();
        await host.drain({ withinMs: config.shutdown.grace * HAND_OVER_SHARE });
        await membership.leave();
      },
      stop: async () => {
        host.stop();
        table.stop();
        await listener.close(CLOSE_GRACE_MS);
        await log.close();
        await guard.close();
      },
    };
  },
});
