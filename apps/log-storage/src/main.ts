import { LinkServiceTable } from "@tidewire/link";
import { GuardedLogEngine, serveLogEngine } from "@tidewire/log-engine";
import { listenForLinks, runService } from "@tidewire/service";
import { startBackup } from "./backup.ts";
import { openStorage } from "./open-storage.ts";
import { servedLog } from "./served-log.ts";
import { logStorageSettings } from "./settings.ts";

/** Behind the processes that connect to it: on loopback unless told otherwise. */
const DEFAULT_LISTEN = "127.0.0.1:7300";
/** For calls under way when the process stops: an append takes milliseconds, a large snapshot a second or two. */
const CLOSE_GRACE_MS = 5_000;

await runService({
  name: "log-storage",
  description: "Keeps the log of every document, or of its shard of them",
  settings: logStorageSettings,
  start: async (config, context) => {
    const { logger, transport } = context;
    const { engine: stored, state, files, readiness = () => true } = await openStorage(config, context);
    const backup = await startBackup(config.s3, files, context).catch(async (error: unknown) => {
      await stored.close();
      throw error;
    });
    const engine = new GuardedLogEngine(stored, state.shard, state.seal);
    state.onSeal?.(({ isSealed, movedTo }) => (isSealed ? engine.seal(movedTo) : engine.unseal()));
    const services = new LinkServiceTable();
    serveLogEngine(engine, services, servedLog(config.storage.engine, engine, state, logger));
    const listening = listenForLinks(transport, config.link.listen ?? DEFAULT_LISTEN, services);
    const listener = await listening.catch(async (error: unknown) => {
      await backup.stop();
      await engine.close();
      throw error;
    });
    const { directory, engine: kind } = config.storage;
    const { shard, seal } = state;
    logger.info({ link: listener.address, engine: kind, directory, shard, seal }, "serving the log");
    return {
      // Also with a full disk: reads go on, and writers are told the reason.
      isReady: readiness,
      notices: () => backup.notices(),
      drain: async () => {},
      stop: async () => {
        await listener.close(CLOSE_GRACE_MS);
        await backup.stop();
        await engine.close();
      },
    };
  },
});
