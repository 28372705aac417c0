import type { Logger } from "@tidewire/foundation";
import type { GuardedLogEngine, ServedLog } from "@tidewire/log-engine";
import type { StorageState } from "./storage-state.ts";

/** What this process says about its log, and how it is sealed: in memory and for good, in the order that is safe. */
export function servedLog(kind: string, engine: GuardedLogEngine, state: StorageState, logger: Logger): ServedLog {
  return {
    kind,
    get shard() {
      return state.shard;
    },
    get isSealed() {
      return state.seal.isSealed;
    },
    get movedTo() {
      return state.seal.movedTo;
    },
    seal: async (isSealed, movedTo) => {
      // Nothing is written between the answer and the next start, however soon that comes.
      if (isSealed) await engine.seal(movedTo);
      await state.setSeal({ isSealed, movedTo: isSealed ? movedTo : "" });
      if (!isSealed) engine.unseal();
      logger.info({ isSealed, movedTo }, isSealed ? "the log is sealed; writes are refused" : "the log takes writes");
    },
  };
}
