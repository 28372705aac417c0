import type { JetStreamManager } from "@nats-io/jetstream";
import { jetstreamManager } from "@nats-io/jetstream";
import type { Msg, MsgHdrs, NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { type Clock, type Logger, ServiceError } from "@tidewire/foundation";
import type { JetStreamLogMetrics } from "./metrics.ts";
import { accessOptions } from "./nats-access.ts";
import { faultOf, faultOfCode, type NatsFault, unavailable } from "./nats-faults.ts";
import type { JetStreamLogOptions } from "./options.ts";
import type { Patience } from "./patience.ts";

export interface NatsLinkModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: JetStreamLogMetrics;
}

/** Says why a server is not to be used, or nothing. Asked at the start and whenever another server is connected. */
export type ServerCheck = (server: { readonly version: string; readonly maxPayload: number }) => string | undefined;

interface StreamAnswer {
  readonly error?: { readonly err_code?: number; readonly description?: string };
  readonly total?: number;
  readonly state?: { readonly last_seq?: number; readonly subjects?: Readonly<Record<string, number>> };
}

const REUSE_RETRY_MS = 250;
/** Left for the headers of a message, in what the server takes at most. */
const HEADER_BYTES = 16 * 1024;
/** A chunk is no larger, whatever the server takes: everything else on the connection waits behind it. */
const CHUNK_MAX_BYTES = 1024 * 1024;

/**
 * The connection to NATS. It reconnects for ever; while it is away every request fails at once instead of waiting in a
 * buffer, and what was under way is of unknown outcome.
 */
export class NatsLink {
  readonly #nc: NatsConnection;
  readonly #jsm: JetStreamManager;
  readonly #modules: NatsLinkModules;
  readonly #check: ServerCheck;
  readonly #readTimeoutMs: number;
  readonly #beforeReuse: (() => Promise<void>)[] = [];
  readonly #onReuse: (() => void)[] = [];
  /** Counts connections: what was begun for one is of no use for the next. */
  #connection = 0;
  readonly #underWay = new Set<(error: ServiceError) => void>();
  #refused: NatsFault | undefined;
  #problem: string | undefined;

  static async connect(
    options: JetStreamLogOptions,
    modules: NatsLinkModules,
    check: ServerCheck,
    patience: Patience,
  ): Promise<NatsLink> {
    const nc = await connect({
      ...accessOptions(options.access),
      name: "tidewire-log-storage",
      timeout: options.connectTimeoutMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      // Credentials may be wrong for a while, in a rotation; giving up would need a restart.
      ignoreAuthErrorAbort: true,
      // A connection that is silent for twice this is dead, whatever TCP says.
      pingInterval: 5_000,
      maxPingOut: 2,
      // The traces cost a stack per request.
      noAsyncTraces: true,
    });
    try {
      const jsm = await patience.run(() => jetstreamManager(nc, { timeout: options.readTimeoutMs }));
      return new NatsLink(nc, jsm, modules, check, options.readTimeoutMs);
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  private constructor(
    nc: NatsConnection,
    jsm: JetStreamManager,
    modules: NatsLinkModules,
    check: ServerCheck,
    readTimeoutMs: number,
  ) {
    this.#readTimeoutMs = readTimeoutMs;
    this.#nc = nc;
    this.#jsm = jsm;
    this.#modules = modules;
    this.#check = check;
    this.#judgeServer();
    void this.#follow();
  }

  /** Has to succeed before a connection that came back is used. It must not wait for this link. */
  beforeReuse(step: () => Promise<void>): void {
    this.#beforeReuse.push(step);
  }

  /** Calls back when a connection that came back is used again: what was sent meanwhile was not heard. */
  onReuse(listener: () => void): void {
    this.#onReuse.push(listener);
  }

  get nc(): NatsConnection {
    return this.#nc;
  }

  get jsm(): JetStreamManager {
    return this.#jsm;
  }

  get isConnected(): boolean {
    return this.#refused === undefined;
  }

  /** Why the gate refuses the server that is connected now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get server(): { readonly name: string; readonly version: string; readonly maxPayload: number } {
    const info = this.#nc.info;
    return { name: info?.server_name ?? "", version: info?.version ?? "0.0.0", maxPayload: info?.max_payload ?? 0 };
  }

  /** Bytes of payload that one message may carry. */
  get chunkBytes(): number {
    return Math.min(this.server.maxPayload - HEADER_BYTES, CHUNK_MAX_BYTES);
  }

  /** One request. Fails as `unavailable` with the reason. */
  request(subject: string, data: Uint8Array, timeoutMs: number, headers?: MsgHdrs): Promise<Msg> {
    return this.guard(
      this.#nc.request(subject, data, { timeout: timeoutMs, ...(headers === undefined ? {} : { headers }) }),
    );
  }

  /** Subjects of a stream that fit, from a place in its order on, as many as the server gives; and how many there are. */
  async subjects(stream: string, filter: string, offset: number): Promise<{ subjects: string[]; total: number }> {
    const { total, state } = await this.#info(stream, JSON.stringify({ subjects_filter: filter, offset }));
    const subjects = Object.keys(state?.subjects ?? {});
    return { subjects, total: total ?? subjects.length };
  }

  /** Sequence of a stream's newest message, as its leader knows it. */
  async lastSeq(stream: string): Promise<number> {
    const { state } = await this.#info(stream, "");
    if (state?.last_seq === undefined) throw this.#fail("rejected");
    return state.last_seq;
  }

  async #info(stream: string, asked: string): Promise<StreamAnswer> {
    this.requireConnection();
    const answer = await this.request(`$JS.API.STREAM.INFO.${stream}`, Buffer.from(asked), this.#readTimeoutMs);
    const found = answer.json<StreamAnswer>();
    if (found.error === undefined) return found;
    throw this.#fail(faultOfCode(found.error.err_code ?? 0), new Error(found.error.description));
  }

  /** Runs something that uses the connection; it fails as `unavailable` at once when the connection breaks. */
  guard<Result>(work: Promise<Result>): Promise<Result> {
    if (this.#refused !== undefined) {
      work.catch(() => {});
      return Promise.reject(this.#fail(this.#refused));
    }
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      work.then(
        (result) => {
          this.#underWay.delete(reject);
          resolve(result);
        },
        (thrown: unknown) => {
          this.#underWay.delete(reject);
          reject(thrown instanceof ServiceError ? thrown : this.#fail(faultOf(thrown), thrown));
        },
      );
    });
  }

  /** Throws `unavailable` while nothing can be asked. */
  requireConnection(): void {
    if (this.#refused !== undefined) throw this.#fail(this.#refused);
  }

  async close(): Promise<void> {
    this.#connection++;
    this.#refused = "nats_away";
    await this.#nc.close();
  }

  #fail(reason: NatsFault, cause?: unknown): ServiceError {
    this.#modules.metrics.failures.add(1, { reason });
    return unavailable(reason, cause);
  }

  async #follow(): Promise<void> {
    for await (const status of this.#nc.status()) {
      if (status.type === "disconnect") this.#lost(status.server);
      if (status.type === "reconnect") void this.#reuse();
      if (status.type === "error") this.#modules.logger.warn({ error: status.error.message }, "NATS reports an error");
    }
  }

  async #reuse(): Promise<void> {
    const connection = ++this.#connection;
    const { logger, clock } = this.#modules;
    for (;;) {
      try {
        await Promise.all(this.#beforeReuse.map((step) => step()));
        break;
      } catch (error) {
        logger.warn({ error: (error as Error).message }, "NATS is back, but what must be known first cannot be read");
      }
      await new Promise<void>((resolve) => {
        clock.after(REUSE_RETRY_MS, resolve);
      });
      if (connection !== this.#connection) return;
    }
    if (connection !== this.#connection) return;
    this.#judgeServer();
    for (const listener of this.#onReuse) listener();
  }

  #lost(server: string): void {
    this.#connection++;
    this.#refused = "nats_away";
    this.#modules.metrics.isConnected.set(0);
    this.#modules.logger.warn({ server, underWay: this.#underWay.size }, "lost the connection to NATS");
    const error = this.#fail("nats_away");
    for (const reject of this.#underWay) reject(error);
    this.#underWay.clear();
  }

  #judgeServer(): void {
    this.#problem = this.#check(this.server);
    this.#refused = this.#problem === undefined ? undefined : "unsafe_server";
    this.#modules.metrics.isConnected.set(this.#problem === undefined ? 1 : 0);
    if (this.#problem !== undefined) {
      this.#modules.logger.error({ ...this.server, problem: this.#problem }, "this NATS server is not used");
      return;
    }
    this.#modules.logger.info(this.server, "connected to NATS");
  }
}
