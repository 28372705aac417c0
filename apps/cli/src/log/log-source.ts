import { existsSync } from "node:fs";
import { join } from "node:path";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { type LogEngine, ShardedLogEngine } from "@tidewire/log-engine";
import { DirectoryInUse, openLocalLogEngine, StoreFormatError } from "@tidewire/log-engine-local";
import { CommandFailure } from "../command-failure.ts";
import { connectLog, type LinkFlags } from "../log-connection.ts";

/** Where documents come from: running log storages, or folders that no process serves. */
export interface LogSource {
  readonly engine: LogEngine;
  /** Where it was sealed to go; `undefined` if it takes writes, or if nobody but this command has it. */
  movedTo(): Promise<string | undefined>;
  seal(isSealed: boolean, movedTo: string): Promise<void>;
  close(): Promise<void>;
}

/** @param places addresses, or folders of logs; one for each shard, in order */
export async function openSource(places: readonly string[], flags: LinkFlags): Promise<LogSource> {
  const folders = places.filter((place) => existsSync(join(place, "STORE")));
  if (folders.length === places.length) return openFolders(places);
  const other = places.find((place) => !/^[^/]+:\d+$/.test(place));
  if (folders.length > 0 || other !== undefined) {
    throw new CommandFailure(`${other ?? folders[0]} is neither an address (host:port) nor, like the others, a log`, 2);
  }
  const log = await connectLog(places, flags);
  return {
    engine: log.engine,
    movedTo: async () => {
      const described = await log.describe();
      return described.every(({ isSealed }) => isSealed) ? described[0]!.movedTo : undefined;
    },
    seal: (isSealed, movedTo) => log.seal(isSealed, movedTo),
    close: () => log.close(),
  };
}

async function openFolders(folders: readonly string[]): Promise<LogSource> {
  const engines: LogEngine[] = [];
  try {
    for (const directory of folders) {
      const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics };
      engines.push(await openLocalLogEngine({ directory }, modules));
    }
  } catch (error) {
    for (const engine of engines) await engine.close();
    if (error instanceof DirectoryInUse || error instanceof StoreFormatError) throw new CommandFailure(error.message);
    throw error;
  }
  const engine = engines.length === 1 ? engines[0]! : new ShardedLogEngine(engines);
  return {
    engine,
    movedTo: () => Promise.resolve(undefined),
    seal: () => Promise.resolve(),
    close: () => engine.close(),
  };
}
