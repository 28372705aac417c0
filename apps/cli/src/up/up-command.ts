import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { AssetsWatch } from "../watch/assets-watch.ts";
import { DocumentsWatch } from "../watch/documents-watch.ts";
import { demoDocuments, documentsOf } from "../watch/watched-documents.ts";
import { Cluster, UpError } from "./cluster.ts";
import { JsonReporter, TextReporter } from "./reporter.ts";

interface UpFlags {
  readonly port: number;
  readonly data: string;
  readonly hosts: number;
  readonly routingTables: number;
  readonly logShards: number;
  readonly logConfig?: string;
  readonly documents?: readonly string[];
  readonly assets?: string;
  readonly link: "binary" | "grpc";
  readonly logLevel: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `tidewire up`: the whole system on this machine, as processes of their own, on loopback with local disk. */
export function upCommand(): Command {
  return new Command("up")
    .description("run the whole system on this machine, with the demo")
    .option("--port <port>", "public port of the edge; 0 picks one", integer(0, 65_535), 8080)
    .option("--data <folder>", "where data and logs are kept", ".tidewire")
    .option("--hosts <count>", "document hosts", integer(1, 16), 2)
    .option("--routing-tables <count>", "routing tables", integer(1, 7), 1)
    .option("--log-shards <count>", "log storages the documents are divided over; fixed per --data", integer(1, 16), 1)
    .option("--log-config <file>", "further settings of the log storages, for example s3.*")
    .option(
      "--documents <files...>",
      "document definitions: bundles (.js), or sources (.ts) to bundle; default: the demo's",
    )
    .option("--assets <folder>", "static files to serve at /; default: the demo's page")
    .addOption(
      new Option("--link <kind>", "how the processes talk").choices(["binary", "grpc"]).env("LINK").default("binary"),
    )
    .option("--log-level <level>", "least level written to the log files", "info")
    .option(
      "--watch",
      "take document code and files of the page that change without a restart; the default, unless --json",
    )
    .option("--no-watch", "run the code and serve the files of the start until the end")
    .option("--json", "report in JSON lines, for programs")
    .action((flags: UpFlags) => up(flags));
}

async function up(flags: UpFlags): Promise<void> {
  // dist/main.js of this app: the repository is three folders up.
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
  const demo = join(root, "apps", "demo", "dist");
  const dataFolder = resolve(flags.data);
  const reporter = flags.json === true ? new JsonReporter() : new TextReporter(dataFolder);
  let isStopping = false;
  const stop = async (exitCode: number): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    reporter.stopping();
    assetsWatch?.stop();
    await watch.stop();
    await cluster.stop();
    process.exit(exitCode);
  };
  const isWatching = flags.watch ?? flags.json !== true;
  const documents =
    flags.documents === undefined ? demoDocuments(root, isWatching) : documentsOf(flags.documents, dataFolder);
  const assets = flags.assets === undefined ? existing(join(demo, "web"))[0] : resolve(flags.assets);
  let assetsWatch: AssetsWatch | undefined;
  const watch = new DocumentsWatch(documents, isWatching, reporter);
  const cluster = new Cluster(
    {
      root,
      dataFolder,
      port: flags.port,
      hosts: flags.hosts,
      routingTables: flags.routingTables,
      logShards: flags.logShards,
      logConfig: flags.logConfig === undefined ? undefined : resolve(flags.logConfig),
      documents: documents.bundles,
      assets,
      link: flags.link,
      logLevel: flags.logLevel,
    },
    reporter,
    () => void stop(1),
  );
  process.on("SIGINT", () => void stop(0));
  process.on("SIGTERM", () => void stop(0));
  try {
    await watch.build().catch((error: Error) => {
      throw new UpError(`the documents cannot be built\n${error.message}`);
    });
    await cluster.start();
    watch.follow(() => cluster.documentHosts);
    if (isWatching && assets !== undefined) {
      assetsWatch = new AssetsWatch(assets, () => {
        for (const edge of cluster.edges) edge.send({ kind: "reload-assets" });
      });
    }
  } catch (error) {
    process.stderr.write(`tidewire up: ${(error as Error).message}\n`);
    if (error instanceof UpError) {
      await watch.stop();
      process.exit(1);
    }
    await stop(1);
  }
}

function existing(path: string): string[] {
  return existsSync(path) ? [path] : [];
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}`);
    }
    return value;
  };
}
