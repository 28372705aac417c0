import { LinkServiceTable } from "@tidewire/link";
import { serveLogEngine } from "@tidewire/log-engine";
import { listenError, runService, z } from "@tidewire/service";
import { openStorage } from "./open-storage.ts";

/** Behind the processes that connect to it: on loopback unless told otherwise. */
const DEFAULT_LISTEN = "127.0.0.1:7300";
/** For calls under way when the process stops: an append takes milliseconds, a large snapshot a second or two. */
const CLOSE_GRACE_MS = 5_000;

await runService({
  name: "log-storage",
  description: "Keeps the log of every document on a local disk",
  settings: {
    storage: z.strictObject({
      directory: z.string().min(1).describe("folder that holds the log; created if missing, one process at a time"),
      acceptUnattributedDamage: z
        .boolean()
        .default(false)
        .describe("start although damaged bytes cannot be tied to a document; some document may lack its last records"),
    }),
  },
  start: async (config, context) => {
    const { logger, transport } = context;
    const engine = await openStorage(config.storage, context);
    const services = new LinkServiceTable();
    serveLogEngine(engine, services);
    const address = config.link.listen ?? DEFAULT_LISTEN;
    const listener = await transport.listen(address, services).catch(async (error: unknown) => {
      await engine.close();
      throw listenError("the link", address, "link.listen", error);
    });
    logger.info({ link: listener.address, directory: config.storage.directory }, "serving the log");
    return {
      // Also with a full disk: reads go on, and writers are told the reason.
      isReady: () => true,
      drain: async () => {},
      stop: async () => {
        await listener.close(CLOSE_GRACE_MS);
        await engine.close();
      },
    };
  },
});
