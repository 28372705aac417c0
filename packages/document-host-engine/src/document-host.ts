import type { DocumentCommand, DocumentRuntime } from "@tidewire/document";
import {
  type Clock,
  type DocumentName,
  documentPath,
  type Logger,
  type MetricsSink,
  type Principal,
  type Random,
  ServiceError,
  type Timer,
} from "@tidewire/foundation";
import type { LinkTransport } from "@tidewire/link";
import type { LogEngine } from "@tidewire/log-engine";
import type { RoutingSource } from "@tidewire/routing";
import type { ActorModules } from "./actor-types.ts";
import { DocumentActor } from "./document-actor.ts";
import { DueScan } from "./due-scan.ts";
import { CopyAllowance } from "./durable-copy.ts";
import { HandOverPacer } from "./hand-over-pacer.ts";
import { type HostMetrics, hostMetrics } from "./host-metrics.ts";
import { type DocumentHostOptions, defaultDocumentHostOptions } from "./options.ts";
import { type OwnerFinder, Ownership } from "./ownership.ts";
import { CommandAllowance, type CommandDone } from "./pending-command.ts";
import { Quarantine } from "./quarantine.ts";
import { refusals } from "./refusals.ts";
import { SnapshotAllowance } from "./snapshot-writer.ts";
import { plainGuard, TurnScheduler, type WorkGuard } from "./turn-scheduler.ts";
import { ViewerConnection } from "./viewer-connection.ts";
import type { ViewerRequest } from "./viewer-slot.ts";

export interface DocumentHostModules {
  /** One per space. */
  readonly runtimes: Iterable<DocumentRuntime>;
  readonly log: LogEngine;
  readonly routing: RoutingSource;
  readonly owners: OwnerFinder;
  /** Where frames leave; the transport that serves the viewers. */
  readonly sender: Pick<LinkTransport, "sendToMany" | "streamSet">;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  /** Cuts off document code that runs too long. By default nothing does. */
  readonly guard?: WorkGuard;
  /** Calls back when every socket that has something was read: `setImmediate` in Node. Without it a turn follows each read. */
  readonly afterReads?: (run: () => void) => void;
}

/** What every request brings along. */
export interface RequestContext {
  /** Version of the routing table by which the caller chose this host. */
  readonly tableVersion: number;
  /** Monotonic ms. */
  readonly deadlineAt: number;
}

export interface DocumentView {
  readonly seq: number;
  readonly hash: string;
  readonly json: Uint8Array;
}

export interface RuntimeReplaced {
  /** In memory when the new code came. */
  readonly documents: number;
  /** They go on under the old code. */
  readonly refused: readonly { readonly document: DocumentName; readonly error: ServiceError }[];
}

/**
 * The documents of one process: opens them on demand when the routing table names this host, keeps them within bounds,
 * wakes those whose timers are due, and lets them go when the table, the log or an operator says so.
 */
export class DocumentHost {
  readonly nodeId: string;
  readonly #modules: DocumentHostModules;
  readonly #options: DocumentHostOptions;
  readonly #metrics: HostMetrics;
  readonly #runtimes: Map<string, DocumentRuntime>;
  readonly #actors = new Map<string, DocumentActor>();
  readonly #ownership: Ownership;
  readonly #pacer: HandOverPacer;
  readonly #dueScan: DueScan;
  readonly #quarantine: Quarantine;
  readonly #commands: CommandAllowance;
  readonly #copies: CopyAllowance;
  readonly #actorModules: Omit<ActorModules, "runtime">;
  #viewers = 0;
  #isDraining = false;
  #isStopped = false;
  #sweepTimer: Timer | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(nodeId: string, modules: DocumentHostModules, options: Partial<DocumentHostOptions> = {}) {
    this.nodeId = nodeId;
    this.#modules = modules;
    this.#options = { ...defaultDocumentHostOptions, ...options };
    this.#metrics = hostMetrics(modules.metrics);
    this.#runtimes = new Map([...modules.runtimes].map((runtime) => [runtime.space, runtime]));
    const { clock, log, random, logger, sender } = modules;
    this.#ownership = new Ownership(nodeId, modules, this.#options, () => this.#tableChanged());
    this.#pacer = new HandOverPacer(clock, this.#options, (actor, reason) =>
      reason === "moved" ? !this.#ownership.owns(actor.name) : true,
    );
    this.#dueScan = new DueScan({ log, clock, random }, this.#options, {
      due: (document) => this.#wake(document),
      logIsBack: () => void this.#verifyAll(),
    });
    this.#quarantine = new Quarantine(clock, this.#options);
    this.#commands = new CommandAllowance(this.#options.commandsMax);
    this.#copies = new CopyAllowance(this.#options.durableCopiesMaxBytes);
    this.#actorModules = {
      nodeId,
      log,
      clock,
      random,
      logger,
      sender,
      metrics: this.#metrics,
      scheduler: new TurnScheduler(
        { guard: modules.guard ?? plainGuard, clock, logger, afterReads: modules.afterReads },
        this.#options,
      ),
      quarantine: this.#quarantine,
      commands: this.#commands,
      copies: this.#copies,
      snapshots: new SnapshotAllowance(this.#options.snapshotWritesMax),
      owns: (document) => !this.#isDraining && this.#ownership.owns(document),
    };
  }

  get documentCount(): number {
    return this.#actors.size;
  }

  get viewerCount(): number {
    return this.#viewers;
  }

  /** Begins to look at the time and to listen to the log. */
  start(): void {
    this.#stopWatching = this.#modules.log.watchFenced(this.nodeId, (document, epoch) =>
      this.#actors.get(documentPath(document))?.fencedBy(epoch),
    );
    this.#dueScan.start();
    this.#scheduleSweep();
  }

  /** Resolves when the effect is durable. Rejects with a `ServiceError`, as everything here does. */
  execute(name: DocumentName, command: DocumentCommand, context: RequestContext): Promise<CommandDone> {
    return this.#with(name, context, (actor) => actor.submit(command, context.deadlineAt));
  }

  view(name: DocumentName, principal: Principal, context: RequestContext): Promise<DocumentView> {
    return this.#with(name, context, (actor) =>
      actor.read((instance) => instance.view(principal), { deadlineAt: context.deadlineAt, isForAnyCopy: true }),
    );
  }

  /** Throws `overloaded`; everything else ends the viewer's stream. */
  connect(name: DocumentName, request: ViewerRequest, context: RequestContext): ViewerConnection {
    if (this.#viewers >= this.#options.viewersMax) {
      throw new ServiceError("overloaded", "too many viewers on this host", { details: { viewers: this.#viewers } });
    }
    this.#viewers++;
    return new ViewerConnection(
      request,
      () => this.#find(name, context),
      () => void this.#viewers--,
    );
  }

  /** Rejects with `not_found` if no such viewer is connected here. */
  updateViewer(name: DocumentName, viewer: string, viewState: string, context: RequestContext): Promise<void> {
    return this.#with(name, context, (actor) => {
      const slot = actor.viewer(viewer);
      if (slot === undefined) throw new ServiceError("not_found", "no such viewer is connected");
      const { deadlineAt } = context;
      return actor.read((instance) => slot.updateViewState(instance, viewState), { deadlineAt, isForAnyCopy: false });
    });
  }

  /**
   * New code for spaces that are served, or for new ones. Documents in memory go on under it one after the other, from
   * their next durable point on, and keep their viewers; one that cannot be opened under it goes on under the old. Resolves
   * when all of them have settled, with how many there are and why some stay behind.
   */
  async replaceRuntime(runtime: DocumentRuntime): Promise<RuntimeReplaced> {
    this.#runtimes.set(runtime.space, runtime);
    const actors = [...this.#actors.values()].filter(({ name }) => name.space === runtime.space);
    const documents = actors.length;
    const refused: RuntimeReplaced["refused"][number][] = [];
    const adoptNext = async (): Promise<void> => {
      for (let actor = actors.pop(); actor !== undefined; actor = actors.pop()) {
        const error = await actor.adopt(runtime);
        if (error !== undefined) refused.push({ document: actor.name, error });
      }
    };
    await Promise.all(Array.from({ length: this.#options.handOverConcurrency }, adoptNext));
    return { documents, refused };
  }

  /** Hands over every document, at the configured pace or as fast as `withinMs` demands, and opens none any more. */
  async drain(options: { readonly withinMs?: number } = {}): Promise<void> {
    this.#isDraining = true;
    this.#dueScan.stop();
    if (options.withinMs !== undefined) this.#pacer.hurry((1_000 * this.#actors.size) / options.withinMs);
    this.#pacer.add(this.#actors.values(), "drain");
    await this.#pacer.idle();
  }

  /** Lets everything go at once. What was not handed over is left to the log. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#isDraining = true;
    this.#stopWatching?.();
    this.#dueScan.stop();
    this.#sweepTimer?.cancel();
    this.#ownership.close();
    this.#pacer.stop();
    for (const actor of this.#actors.values()) actor.abandon();
  }

  async #with<Result>(
    name: DocumentName,
    context: RequestContext,
    use: (actor: DocumentActor) => Promise<Result>,
  ): Promise<Result> {
    const found = this.#find(name, context);
    return use(found instanceof Promise ? await found : found);
  }

  /**
   * The document, opened if it must be. Without a wait whenever there is nothing to wait for, so that requests of one
   * connection reach it in their order. One that is here is served whatever the table says, because its epoch is held.
   */
  #find(name: DocumentName, context: RequestContext): DocumentActor | Promise<DocumentActor> {
    const actor = this.#actors.get(documentPath(name));
    if (actor?.isServing === true) return actor;
    if (!this.#runtimes.has(name.space)) throw new ServiceError("not_found", "no such space");
    const { tableVersion } = context;
    if (tableVersion > this.#ownership.tableVersion) {
      return this.#ownership.waitFor(tableVersion).then(() => this.#find(name, { ...context, tableVersion: 0 }));
    }
    if (actor === undefined) return this.#openFor(name);
    // Only unloading: it comes right back. Moving: the caller has to look elsewhere.
    if (actor.leavesFor !== "idle") throw refusals.moving();
    return actor.closed.then(() => this.#find(name, context));
  }

  #openFor(name: DocumentName): DocumentActor {
    if (this.#isDraining) throw refusals.moving();
    try {
      this.#ownership.require(name);
    } catch (error) {
      this.#metrics.notOwner.add();
      throw error;
    }
    const remainingMs = this.#quarantine.remainingMs(documentPath(name));
    if (remainingMs > 0) throw refusals.quarantined(remainingMs);
    this.#makeRoom();
    return this.#open(name);
  }

  #open(name: DocumentName): DocumentActor {
    const runtime = this.#runtimes.get(name.space)!;
    const actor = new DocumentActor({ ...this.#actorModules, runtime }, name, this.#options);
    this.#actors.set(actor.path, actor);
    void this.#forget(actor);
    return actor;
  }

  async #forget(actor: DocumentActor): Promise<void> {
    await actor.closed;
    if (this.#actors.get(actor.path) === actor) this.#actors.delete(actor.path);
  }

  /** Unloads an idle document when there are too many. Throws `overloaded` if none of those looked at is idle. */
  #makeRoom(): void {
    if (this.#actors.size < this.#options.documentsMax) return;
    let oldest: DocumentActor | undefined;
    for (const actor of [...this.#actors.values()].slice(0, CANDIDATES)) {
      if (actor.isIdle && (oldest === undefined || actor.lastUsedAt < oldest.lastUsedAt)) oldest = actor;
      // Those looked at go to the end, so that the next search looks at others.
      this.#actors.delete(actor.path);
      this.#actors.set(actor.path, actor);
    }
    const isFull = this.#actors.size >= this.#options.documentsMax + UNLOADING_MAX;
    if (oldest === undefined || isFull) {
      throw new ServiceError("overloaded", "too many documents on this host", {
        details: { documents: this.#actors.size },
      });
    }
    void oldest.handOver("idle");
  }

  #tableChanged(): void {
    if (this.#isDraining) return;
    const moved = [...this.#actors.values()].filter((actor) => actor.isServing && !this.#ownership.owns(actor.name));
    if (moved.length > 0) this.#pacer.add(moved, "moved");
  }

  /** A timer is due; opening the document is enough. */
  #wake(name: DocumentName): void {
    const path = documentPath(name);
    if (this.#isDraining || this.#actors.has(path) || !this.#runtimes.has(name.space)) return;
    if (!this.#ownership.owns(name) || this.#quarantine.remainingMs(path) > 0) return;
    if (this.#actors.size >= this.#options.documentsMax) return;
    this.#metrics.wakeUps.add();
    this.#open(name);
  }

  /** A few at a time: the log has just come back, and everybody wants something from it. */
  async #verifyAll(): Promise<void> {
    const actors = [...this.#actors.values()];
    const verifyNext = async (): Promise<void> => {
      for (let actor = actors.pop(); actor !== undefined; actor = actors.pop()) await actor.verify();
    };
    try {
      await Promise.all(Array.from({ length: VERIFICATIONS }, verifyNext));
    } catch (error) {
      // Away again; the next return starts over.
      this.#modules.logger.warn({ err: error }, "documents could not be compared with the log");
    }
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.#modules.clock.after(this.#options.sweepMs, () => {
      for (const actor of this.#actors.values()) actor.sweep();
      this.#metrics.documents.set(this.#actors.size);
      this.#metrics.viewers.set(this.#viewers);
      this.#metrics.commandsWaiting.set(this.#commands.used);
      this.#metrics.copyBytes.set(this.#copies.usedBytes);
      this.#scheduleSweep();
    });
  }
}

/** How many documents a search for an idle one looks at. */
const CANDIDATES = 64;
/** Documents on their way out that may be in memory beyond the bound. */
const UNLOADING_MAX = 64;
/** Documents compared with the log at one time. */
const VERIFICATIONS = 16;
