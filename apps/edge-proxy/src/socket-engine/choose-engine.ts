import type { Gauge, Logger } from "@tidewire/foundation";
import { StartError } from "@tidewire/service";
import { loadUws } from "./load-uws.ts";
import type { EngineKind, StartSocketServer } from "./socket-engine.ts";
import { startUwsServer } from "./uws-engine.ts";
import { startWsServer } from "./ws-engine.ts";

const starters: Readonly<Record<EngineKind, StartSocketServer>> = { uws: startUwsServer, ws: startWsServer };

export interface EngineChoice {
  readonly start: StartSocketServer;
  readonly kind: EngineKind;
}

/** `auto` takes the native addon and says loudly when it cannot; `uws` refuses to run without it. */
export async function chooseEngine(
  wanted: EngineKind | "auto",
  modules: { readonly logger: Logger; readonly engineInUse: Gauge },
): Promise<EngineChoice> {
  const kind = wanted === "ws" ? "ws" : await uwsOr(wanted, modules.logger);
  modules.engineInUse.set(1, { engine: kind, wanted });
  return { start: starters[kind], kind };
}

async function uwsOr(wanted: "auto" | "uws", logger: Logger): Promise<EngineKind> {
  try {
    await loadUws();
    return "uws";
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0];
    if (wanted === "uws") {
      throw new StartError(
        `the socket engine uws does not load on this platform (${reason}); edge.engine=ws runs without`,
      );
    }
    logger.warn(
      { reason },
      "THE NATIVE SOCKET ENGINE DOES NOT LOAD: falling back to ws, which carries a fraction of the connections",
    );
    return "ws";
  }
}
