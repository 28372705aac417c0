import { LinkServiceTable } from "@tidewire/link";
import { joinAsService } from "@tidewire/membership-udp";
import { DerivedTable, serveRouting } from "@tidewire/routing";
import { listenForLinks, runService } from "@tidewire/service";
import { routingTableSettings } from "./settings.ts";

/** Behind the processes that watch it: on loopback unless told otherwise. */
const DEFAULT_LISTEN = "127.0.0.1:7200";
/** Watchers turn to another node at once; there is nothing to wait for but the last frames. */
const CLOSE_GRACE_MS = 500;

await runService({
  name: "routing-table",
  description: "Turns gossip about document hosts into the routing table and pushes it to whoever watches",
  settings: routingTableSettings,
  start: async (config, context) => {
    const { logger, transport } = context;
    const { epoch, coalesce, freeze } = config.routing;
    const table = new DerivedTable(context, {
      epoch,
      coalesceMs: coalesce,
      freeze: {
        lostShare: freeze.share,
        lostMin: freeze.minimum,
        windowMs: freeze.window,
        holdMs: freeze.hold,
      },
    });
    const services = new LinkServiceTable();
    const server = serveRouting(table, services, context);
    const listener = await listenForLinks(transport, config.link.listen ?? DEFAULT_LISTEN, services);
    const membership = await joinAsService(config, "routing-table", listener, context);
    membership.onChange((view) => table.update(view));
    membership.setLifecycle("active");
    logger.info({ link: listener.address, gossip: membership.gossipAddress }, "serving the routing table");
    return {
      isReady: () => {
        if (!membership.isJoined) return "not in the gossip group yet";
        if (!membership.isReady) return "fewer than half of the gossip seeds are members";
        return table.table === undefined ? "no routing table yet" : true;
      },
      drain: () => membership.leave(),
      stop: async () => {
        table.stop();
        server.close();
        await listener.close(CLOSE_GRACE_MS);
      },
    };
  },
});
