import type { DocumentRuntime } from "@tidewire/document";
import {
  type DocumentName,
  ManualClock,
  type MetricsSink,
  noLogger,
  noMetrics,
  SeededRandom,
  ServiceError,
} from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";
import { MemoryLogEngine } from "@tidewire/log-engine";
import type { RoutingSource } from "@tidewire/routing";
import {
  type CommandDone,
  DocumentHost,
  type DocumentHostOptions,
  type DocumentView,
  type ViewerConnection,
  type WorkGuard,
} from "../../src/index.ts";
import { FakeRuntime, jsonOf } from "./fake-runtime.ts";
import { TestStream, testSender } from "./test-stream.ts";

type RoutingTable = NonNullable<RoutingSource["table"]>;

/** A table in which the first host owns everything. */
export class TestRouting implements RoutingSource {
  table: RoutingTable | undefined;
  readonly #listeners = new Set<(table: RoutingTable) => void>();

  constructor(owner: string) {
    this.name(owner, 1);
  }

  onTable(listener: (table: RoutingTable) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  name(owner: string, version: number): void {
    const host = { id: owner, address: `${owner}:1`, zone: "", weight: 1, state: "active", boot: 1 } as const;
    this.table = { epoch: 1, version, digest: "", isFrozen: false, hosts: [host] };
    for (const listener of this.#listeners) listener(this.table);
  }
}

export interface TestBedOptions {
  readonly nodeId?: string;
  readonly clock?: ManualClock;
  readonly log?: MemoryLogEngine;
  /** What the host sees, if it is not `log` itself. */
  readonly logOfHost?: LogEngine;
  readonly routing?: TestRouting;
  readonly runtime?: DocumentRuntime;
  readonly guard?: WorkGuard;
  readonly options?: Partial<DocumentHostOptions>;
  readonly random?: SeededRandom;
  readonly metrics?: MetricsSink;
}

export const document: DocumentName = { space: "fake", key: "d1" };
export const alice = { agent: "alice", authority: "test" };
export const bob = { agent: "bob", authority: "test" };
export const blocked = { agent: "blocked", authority: "test" };

/** One host with everything around it that it needs, and time standing still. */
export class TestBed {
  readonly clock: ManualClock;
  readonly log: MemoryLogEngine;
  readonly routing: TestRouting;
  readonly runtime: DocumentRuntime;
  readonly host: DocumentHost;
  /** What the outside saw, in order. */
  readonly journal: string[] = [];
  #viewers = 0;

  constructor(options: TestBedOptions = {}) {
    const nodeId = options.nodeId ?? "host-1";
    this.clock = options.clock ?? new ManualClock();
    this.log = options.log ?? new MemoryLogEngine();
    this.routing = options.routing ?? new TestRouting(nodeId);
    this.runtime = options.runtime ?? new FakeRuntime();
    this.host = new DocumentHost(
      nodeId,
      {
        runtimes: [this.runtime],
        log: options.logOfHost ?? this.log,
        routing: this.routing,
        owners: { ownerOf: (table) => table.hosts[0] },
        sender: testSender,
        clock: this.clock,
        random: options.random ?? new SeededRandom(1),
        logger: noLogger,
        metrics: options.metrics ?? noMetrics,
        ...(options.guard === undefined ? {} : { guard: options.guard }),
      },
      options.options,
    );
    this.host.start();
  }

  /** Lets everything that needs no time happen. */
  settle(): Promise<void> {
    return this.clock.advanceAsync(0);
  }

  pass(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms);
  }

  context(deadlineMs = 10_000, tableVersion = 1) {
    return { tableVersion, deadlineAt: this.clock.monotonicMs() + deadlineMs };
  }

  /** Sends a message; the answer is kept, so that it can be looked at before it has come. */
  send(message: string, arg: object = {}, extra: SendExtra = {}): Answer<CommandDone> {
    const { name = document, principal = alice, marker, deadlineMs } = extra;
    const command = {
      kind: "message" as const,
      principal,
      message,
      arg: JSON.stringify(arg),
      ...(marker === undefined ? {} : { marker }),
    };
    const label = `${message} ${JSON.stringify(arg)}`;
    return new Answer(this.host.execute(name, command, this.context(deadlineMs)), () => this.journal.push(label));
  }

  get(principal = alice, name = document): Answer<DocumentView> {
    return new Answer(this.host.view(name, principal, this.context()), () => this.journal.push("get"));
  }

  async valueOf(principal = alice): Promise<Record<string, unknown>> {
    const answer = this.get(principal);
    await this.settle();
    return jsonOf(answer.value.json) as Record<string, unknown>;
  }

  connect(extra: ConnectExtra = {}): { stream: TestStream; connection: ViewerConnection } {
    const stream = extra.stream ?? new TestStream(extra.credit ?? 100, this.journal);
    const connection = this.host.connect(
      extra.name ?? document,
      {
        id: extra.id ?? `viewer-${++this.#viewers}`,
        principal: extra.principal ?? alice,
        hashEvery: extra.hashEvery ?? false,
        stream,
        ...(extra.viewState === undefined ? {} : { viewState: extra.viewState }),
        ...(extra.resume === undefined ? {} : { resume: extra.resume }),
      },
      this.context(),
    );
    return { stream, connection };
  }
}

export interface SendExtra {
  readonly name?: DocumentName;
  readonly principal?: typeof alice;
  readonly marker?: string;
  readonly deadlineMs?: number;
}

export interface ConnectExtra {
  readonly name?: DocumentName;
  readonly principal?: typeof alice;
  readonly id?: string;
  readonly credit?: number;
  readonly hashEvery?: boolean;
  readonly viewState?: string;
  readonly resume?: { readonly seq: number; readonly hash: string };
  readonly stream?: TestStream;
}

/** A promise whose outcome can be asked for without waiting. */
export class Answer<Value> {
  #outcome: { readonly value: Value } | { readonly error: ServiceError } | undefined;

  constructor(promise: Promise<Value>, onSettled: () => void = () => {}) {
    void this.#keep(promise, onSettled);
  }

  get isSettled(): boolean {
    return this.#outcome !== undefined;
  }

  get value(): Value {
    if (this.#outcome === undefined) throw new Error("no answer yet");
    if ("error" in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }

  get error(): ServiceError {
    if (this.#outcome === undefined || !("error" in this.#outcome)) throw new Error("no error");
    return this.#outcome.error;
  }

  /** `ok`, the code of the error, or `pending`. */
  get status(): string {
    if (this.#outcome === undefined) return "pending";
    return "error" in this.#outcome ? this.#outcome.error.code : "ok";
  }

  async #keep(promise: Promise<Value>, onSettled: () => void): Promise<void> {
    try {
      this.#outcome = { value: await promise };
    } catch (error) {
      this.#outcome = { error: ServiceError.from(error) };
    }
    onSettled();
  }
}
