import type { LogShard } from "@tidewire/log-engine";
import {
  type JetStreamLogEngine,
  type JetStreamLogModules,
  type JetStreamLogStatus,
  openJetStreamLogEngine,
  StreamSetupError,
  UnsafeServerError,
} from "@tidewire/log-engine-jetstream";
import { StartError } from "@tidewire/service";
import type { OpenedStorage } from "../open-storage.ts";
import type { StorageState } from "../storage-state.ts";
import { jetStreamSettings, type NatsSettings } from "./nats-settings.ts";

/** Opens the log in NATS. Any number of processes may do that at once; a shard is of no use there. */
export async function openJetStreamStorage(
  settings: NatsSettings,
  shard: LogShard,
  modules: JetStreamLogModules,
): Promise<OpenedStorage> {
  if (shard.count > 1) {
    throw new StartError("storage.shard is for the local engine: with jetstream every process serves the whole log", 2);
  }
  const wanted = jetStreamSettings(settings);
  try {
    const engine = await openJetStreamLogEngine(wanted, modules);
    return { engine, state: new SharedState(engine, shard), readiness: () => readiness(engine.status) };
  } catch (error) {
    throw startError(wanted.access.servers, error);
  }
}

/** Nothing can be read either while NATS is away: other processes, with another server, may fare better. */
function readiness({ isConnected, problem }: JetStreamLogStatus): true | string {
  if (isConnected) return true;
  return problem === undefined
    ? "NATS is away: nothing can be read or written"
    : `the NATS server is not used: ${problem}`;
}

/** The seal is kept in the streams, for all processes. */
class SharedState implements StorageState {
  readonly shard: LogShard;
  readonly #engine: JetStreamLogEngine;

  constructor(engine: JetStreamLogEngine, shard: LogShard) {
    this.#engine = engine;
    this.shard = shard;
  }

  get seal(): StorageState["seal"] {
    return this.#engine.seal.now;
  }

  setSeal(seal: StorageState["seal"]): Promise<void> {
    return this.#engine.seal.set(seal);
  }

  onSeal(listener: (seal: StorageState["seal"]) => Promise<void> | void): void {
    this.#engine.seal.follow(listener);
  }
}

function startError(servers: readonly string[], error: unknown): unknown {
  if (error instanceof StartError) return error;
  if (error instanceof UnsafeServerError) {
    return new StartError(`${error.message}; nats.acceptUnsafe uses it all the same, at the price of writes`);
  }
  if (error instanceof StreamSetupError || error instanceof RangeError) return new StartError(error.message);
  const text = (error as Error).message;
  return new StartError(
    `cannot keep the log in NATS at ${servers.join(", ")}: ${text}; check nats.url, what nats.* says of TLS and of who this is, and that JetStream is enabled`,
  );
}
