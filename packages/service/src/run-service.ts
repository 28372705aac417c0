import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { type Clock, type MetricsSink, type Random, SystemClock, SystemRandom } from "@tidewire/foundation";
import type { LinkTransport } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { createGrpcLinkTransport } from "@tidewire/link-grpc";
import { type Logger as PinoLogger, pino } from "pino";
import { z } from "zod";
import { type AdminServer, startAdminServer } from "./admin-server.ts";
import { loadConfig } from "./config-loader.ts";
import { helpText } from "./help-text.ts";
import { readLinkCertificate, reportExpiry } from "./link-certificate.ts";
import { createRegistry, prometheusSink } from "./metrics.ts";
import { type CommonConfig, commonSettings, isLoopback, parseHostPort } from "./settings.ts";
import { StartError } from "./start-error.ts";
import { withoutSecrets } from "./without-secrets.ts";

export interface ServiceDescription<Shape extends z.ZodRawShape> {
  /** The role: `log-storage`. */
  readonly name: string;
  readonly description: string;
  /** The settings of this service; those every process has are added. */
  readonly settings: Shape;
  readonly envAliases?: Readonly<Record<string, string>>;
  start(config: ServiceConfig<Shape>, context: ServiceContext): Promise<RunningService>;
}

export type ServiceConfig<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>> & CommonConfig;

export interface ServiceContext {
  readonly nodeId: string;
  readonly logger: PinoLogger;
  readonly metrics: MetricsSink;
  readonly clock: Clock;
  readonly random: Random;
  /** The link as configured (`link.kind`), with this node's identity. */
  readonly transport: LinkTransport;
  /** The secret of the cluster, for whatever else authenticates by it. */
  readonly sharedKey: string;
  /** Ends the process because it cannot go on; the reason goes to the log. */
  fatal(reason: string, error?: unknown): void;
}

export interface RunningService {
  /** `true`, or why no traffic should come now. */
  isReady(): true | string;
  /** What an operator should know although traffic may come: one line each, in the answer of `/readyz`. */
  notices?(): readonly string[];
  /** Whether an error that nobody caught came from code that the service runs for others, and harms nothing else. */
  survives?(error: unknown): boolean;
  /** Hands work over; readiness fails already. */
  drain(): Promise<void>;
  /** Lets everything go. */
  stop(): Promise<void>;
}

/** What development on loopback uses; a process that listens elsewhere must be given a real secret. */
export const DEVELOPMENT_KEY = "tidewire-development-only";

/**
 * The frame every process runs in: settings, log, metrics, admin port, signals. Returns when the service has started;
 * the process ends by itself after SIGTERM or SIGINT (a second one ends it at once).
 */
export async function runService<Shape extends z.ZodRawShape>(description: ServiceDescription<Shape>): Promise<void> {
  try {
    await start(description);
  } catch (error) {
    if (error instanceof StartError) {
      process.stderr.write(`tidewire ${description.name}: ${error.message}\n`);
      process.exit(error.exitCode);
    }
    process.stderr.write(`tidewire ${description.name}: cannot start: ${(error as Error).stack ?? String(error)}\n`);
    process.exit(1);
  }
}

async function start<Shape extends z.ZodRawShape>(description: ServiceDescription<Shape>): Promise<void> {
  const schema = z.strictObject({ ...description.settings, ...commonSettings });
  const {
    config: loaded,
    fields,
    requests,
  } = loadConfig(schema, {
    args: process.argv.slice(2),
    env: process.env,
    envAliases: {
      LINK: "link.kind",
      LINK_GRPC_SHAPE: "link.grpcShape",
      LINK_GRPC_TUNING: "link.grpcTuning",
      ...description.envAliases,
    },
    ignoredEnvPrefixes: ["TIDEWIRE_TEST_"],
  });
  if (requests.has("--help") || requests.has("-h")) {
    process.stdout.write(helpText(description.name, description.description, fields));
    process.exit(0);
  }
  if (requests.has("--version")) {
    process.stdout.write(`${description.name} ${VERSION}\n`);
    process.exit(0);
  }
  const config = loaded as unknown as ServiceConfig<Shape>;
  if (requests.has("--print-config")) {
    process.stdout.write(`${JSON.stringify(withoutSecrets(config), null, 2)}\n`);
    process.exit(0);
  }

  const nodeId = config.node.id ?? `${description.name}-${hostname()}`.slice(0, 64);
  const logger = pino({
    level: config.logging.level,
    base: { role: description.name, node: nodeId },
    redact: SECRET_PATHS,
  });
  const registry = createRegistry(description.name, nodeId);
  const metrics = prometheusSink(registry);
  const clock = new SystemClock();
  const random = new SystemRandom();
  const sharedKey = readSharedKey(config);
  const certificate = readLinkCertificate(config.link.tls, clock.wallMs());
  if (certificate !== undefined) reportExpiry(certificate, metrics);
  const link = {
    ...{ nodeId, role: description.name, sharedKey, heartbeatMs: config.link.heartbeat },
    ...(certificate === undefined ? {} : { certificate }),
  };
  const modules = { clock, random, logger, metrics };
  const transport =
    config.link.kind === "grpc"
      ? createGrpcLinkTransport({ ...link, shape: config.link.grpcShape, tuning: config.link.grpcTuning }, modules)
      : createBinaryLinkTransport(link, modules);

  const lifecycle = new ProcessLifecycle(logger, config.shutdown.grace);
  const admin = await startAdminServer({
    listen: config.admin.listen,
    registry,
    readiness: () => lifecycle.readiness(),
    notices: () => lifecycle.service?.notices?.() ?? [],
  });
  lifecycle.admin = admin;
  const context: ServiceContext = {
    nodeId,
    logger,
    metrics,
    clock,
    random,
    transport,
    sharedKey,
    fatal: (reason, error) => lifecycle.fatal(reason, error),
  };
  lifecycle.listenForSignals();
  lifecycle.service = await description.start(config, context);
  logger.info({ admin: admin.address, version: VERSION }, "started");
}

/** Starting, running, draining, stopped: the states of a process, and the signals that move it on. */
class ProcessLifecycle {
  service: RunningService | undefined;
  admin: AdminServer | undefined;
  readonly #logger: PinoLogger;
  readonly #graceMs: number;
  #isStopping = false;

  constructor(logger: PinoLogger, graceMs: number) {
    this.#logger = logger;
    this.#graceMs = graceMs;
  }

  readiness(): true | string {
    if (this.#isStopping) return "draining";
    return this.service === undefined ? "starting" : this.service.isReady();
  }

  listenForSignals(): void {
    const onSignal = (signal: string): void => {
      if (this.#isStopping) process.exit(1);
      void this.#shutDown(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    // Started by a supervisor over a channel: when it is gone, however that came about, nobody would stop this process.
    if (process.channel !== undefined && process.channel !== null)
      process.on("disconnect", () => onSignal("disconnect"));
    process.on("uncaughtException", (error) => this.#uncaught("uncaught exception", error));
    process.on("unhandledRejection", (error) => this.#uncaught("unhandled rejection", error));
  }

  #uncaught(reason: string, error: unknown): void {
    if (this.service?.survives?.(error) === true)
      this.#logger.error({ err: error }, `${reason} of code run for others`);
    else this.fatal(reason, error);
  }

  fatal(reason: string, error?: unknown): void {
    this.#logger.error({ err: error }, `fatal: ${reason}`);
    this.#logger.flush();
    process.exit(1);
  }

  async #shutDown(signal: string): Promise<void> {
    this.#isStopping = true;
    this.#logger.info({ signal }, "draining");
    const timer = setTimeout(() => {
      this.#logger.error({ graceMs: this.#graceMs }, "still not stopped after the grace period; leaving");
      process.exit(1);
    }, this.#graceMs);
    try {
      await this.service?.drain();
      await this.service?.stop();
      await this.admin?.close();
    } catch (error) {
      this.#logger.error({ err: error }, "stopping failed");
      process.exit(1);
    }
    clearTimeout(timer);
    this.#logger.info({}, "stopped");
    // Native sockets can hold the event loop for seconds after the last one closed (measured: 3.5 s).
    process.exit(0);
  }
}

function readSharedKey(config: CommonConfig): string {
  if (config.link.sharedKeyFile === undefined) {
    if (config.link.sharedKey !== undefined) return config.link.sharedKey;
    const { listen } = config.link;
    if (listen !== undefined && !isLoopback(parseHostPort(listen)!.host)) {
      throw new StartError(
        `link.listen is ${listen}, which others can reach: set link.sharedKey or link.sharedKeyFile`,
        2,
      );
    }
    return DEVELOPMENT_KEY;
  }
  try {
    const key = readFileSync(config.link.sharedKeyFile, "utf8").trim();
    if (key.length < 16) throw new Error("it holds fewer than 16 characters");
    return key;
  } catch (error) {
    throw new StartError(`cannot use link.sharedKeyFile: ${(error as Error).message}`, 2);
  }
}

const VERSION = "0.1.0";
const SECRET_PATHS = ["sharedKey", "token", "authorization", "*.sharedKey", "*.token", "*.authorization"];
