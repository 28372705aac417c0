import { afterEach, describe, test } from "@jest/globals";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { type MetricsSink, noLogger, noMetrics, type ServiceError, SystemClock } from "@tidewire/foundation";
import type { LogAppend, LogEngine } from "@tidewire/log-engine";
import type { JetStreamLogEngine, JetStreamLogSettings } from "../../src/index.ts";
import { Layout } from "../../src/layout.ts";
import { JetStreamLogMetrics } from "../../src/metrics.ts";
import { NatsLink } from "../../src/nats-link.ts";
import { defaultJetStreamLogOptions } from "../../src/options.ts";
import { Patience } from "../../src/patience.ts";
import {
  currentServer,
  isMissing,
  type NatsBinary,
  NatsProcess,
  type NatsProcessOptions,
  oldServer,
} from "../../src/testing/index.ts";
import { openEngine } from "./engines.ts";

export const game = { space: "board-game", key: "g1" };
export const places = new Layout("tidewire", 2).places(game);

type StartServer = (options?: NatsProcessOptions) => Promise<NatsProcess>;

/** Servers and engines of one test file: everything ends with the test that started it. */
export class Bench {
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #running: NatsProcess[] = [];

  constructor() {
    afterEach(async () => {
      await Promise.all(this.#opened.splice(0).map((engine) => engine.close()));
      await Promise.all(this.#running.splice(0).map((server) => server.remove()));
    });
  }

  /** The same tests against every server of this machine. */
  eachServer(tests: (start: StartServer, binary: NatsBinary) => void): void {
    for (const [what, binary] of [
      ["a current server", currentServer],
      ["the server of Debian 12 (2.9.10)", oldServer],
    ] as const) {
      if (isMissing(binary, what)) describe.skip(what, () => test("is not installed", () => {}));
      else describe(`with ${what}`, () => tests((options) => this.start(binary, options), binary));
    }
  }

  async start(binary: NatsBinary, options: NatsProcessOptions = {}): Promise<NatsProcess> {
    const server = await NatsProcess.start(binary, options);
    this.#running.push(server);
    return server;
  }

  async open(
    server: NatsProcess,
    settings: Omit<Partial<JetStreamLogSettings>, "access"> = {},
    metrics: MetricsSink = noMetrics,
  ): Promise<JetStreamLogEngine> {
    const engine = await openEngine([server.url], settings, metrics);
    this.#opened.push(engine);
    return engine;
  }

  /** A connection as an engine has it, without the engine. */
  async link(server: NatsProcess): Promise<NatsLink> {
    const clock = new SystemClock();
    const modules = { clock, logger: noLogger, metrics: new JetStreamLogMetrics(noMetrics) };
    const options = { ...defaultJetStreamLogOptions, access: { servers: [server.url] } };
    const link = await NatsLink.connect(options, modules, () => undefined, new Patience(clock, 5_000));
    this.#opened.push(link);
    return link;
  }

  async connect(server: NatsProcess): Promise<NatsConnection> {
    const nc = await connect({ servers: [server.url] });
    this.#opened.push(nc);
    return nc;
  }

  async admin(server: NatsProcess): Promise<JetStreamManager> {
    return jetstreamManager(await this.connect(server));
  }
}

export function step(epoch: number, expectedSeq: number, more: Partial<LogAppend> = {}): LogAppend {
  return { epoch, expectedSeq, seq: expectedSeq + 1, data: Buffer.from(`patch ${expectedSeq + 1}`), ...more };
}

export async function grow(engine: LogEngine, count: number): Promise<{ epoch: number; seq: number }> {
  const { epoch, seq } = await engine.open(game, "host-a");
  for (let done = 0; done < count; done++) await engine.append(game, step(epoch, seq + done));
  return { epoch, seq: seq + count };
}

export async function errorOf(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: ServiceError) => error,
  );
}

/** Asks again until the answer is as wanted: for what other parts do in their own time. */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
): Promise<Answer> {
  const giveUpAt = performance.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > giveUpAt) throw new Error("waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
