import { canonicalJson } from "@tidewire/delta";
import { type DocumentName, type Principal, SeededRandom, ServiceError } from "@tidewire/foundation";
import type {
  DocumentDefinition,
  DocumentMessages,
  DocumentView,
  DocumentViewState,
} from "../author/define-document.ts";
import { type CompileOptions, compileDocument } from "../runtime/compile-document.ts";
import type { DocumentLimits } from "../runtime/limits.ts";
import type { DocumentCommand, DocumentInstance, DocumentRuntime, StoredDocument } from "../runtime/runtime.ts";
import { Rejected } from "./rejected.ts";
import { TestClient } from "./test-client.ts";

export interface TestDocumentOptions {
  /** `doc` by default. */
  readonly key?: string;
  /** Wall clock at the start, ms. */
  readonly now?: number;
  /** Of `ctx.random`; 1 by default. */
  readonly seed?: number;
  readonly limits?: Partial<DocumentLimits>;
}

/** Throws with what its author has to know, which clients are not told. */
function opened(runtime: DocumentRuntime, name: DocumentName, stored: StoredDocument): DocumentInstance {
  try {
    return runtime.open(name, stored);
  } catch (thrown) {
    const { message, cause } = thrown as Error;
    throw new Error(cause instanceof Error ? `${message}: ${cause.message}` : message, { cause: thrown });
  }
}

function rejected(thrown: unknown): unknown {
  return thrown instanceof ServiceError ? new Rejected(thrown) : thrown;
}

/** A message without an argument takes none. */
export type SendArguments<Arg> = undefined extends Arg ? [arg?: Arg] : [arg: Arg];

/**
 * A document for tests of its author, in any test runner: with players that see exactly what clients see, and time that
 * moves when it is told to. Every frame is checked against the view it should lead to.
 */
export function createTestDocument<Definition extends DocumentDefinition>(
  definition: Definition,
  options: TestDocumentOptions = {},
): TestDocument<Definition> {
  return new TestDocument(definition, options);
}

export class TestDocument<Definition extends DocumentDefinition> {
  /** Wall clock, ms. */
  now: number;
  readonly #compile: (definition: DocumentDefinition) => DocumentRuntime;
  readonly #name;
  readonly #players = new Set<TestPlayer<Definition>>();
  readonly #faults: unknown[] = [];
  #runtime: DocumentRuntime;
  #instance: DocumentInstance;
  #stored: StoredDocument = { seq: 0, isDeleted: false, patches: [] };
  #viewerIds = 0;

  constructor(definition: Definition, { key = "doc", now = 1_767_225_600_000, seed = 1, limits }: TestDocumentOptions) {
    this.now = now;
    const options: CompileOptions = { random: new SeededRandom(seed), onFault: (thrown) => this.#faults.push(thrown) };
    this.#compile = (definition) => compileDocument(definition, limits, options);
    this.#runtime = this.#compile(definition);
    this.#name = { space: this.#runtime.space, key };
    this.#instance = this.#runtime.open(this.#name, this.#stored);
  }

  get exists(): boolean {
    return this.#instance.exists;
  }

  get seq(): number {
    return this.#instance.seq;
  }

  /** What policies, views and handlers threw so far, oldest first. */
  get faults(): readonly unknown[] {
    return this.#faults;
  }

  /** Creates the document. Throws `Rejected`. */
  create(agent: string, arg?: unknown): void {
    const principal = principalOf(agent);
    this.execute({ kind: "create", principal, ...(arg === undefined ? {} : { arg: JSON.stringify(arg) }) });
  }

  /** Connects someone; creates the document if its type says so. Throws `Rejected`. */
  connect(agent: string, viewState?: DocumentViewState<Definition>): TestPlayer<Definition> {
    const principal = principalOf(agent);
    this.execute({ kind: "connect", principal });
    const player = new TestPlayer<Definition>(this, principal);
    try {
      this.attach(player, viewState === undefined ? undefined : JSON.stringify(viewState));
    } catch (thrown) {
      this.#left(principal);
      throw rejected(thrown);
    }
    this.#players.add(player);
    this.deliver();
    return player;
  }

  /** Sends as someone who is not connected. */
  send<Name extends keyof DocumentMessages<Definition> & string>(
    agent: string,
    message: Name,
    ...[arg]: SendArguments<DocumentMessages<Definition>[Name]["arg"]>
  ): DocumentMessages<Definition>[Name]["value"] {
    const text = JSON.stringify(arg) as string | undefined;
    const principal = principalOf(agent);
    const value = this.execute({ kind: "message", principal, message, ...(text === undefined ? {} : { arg: text }) });
    return (value === undefined ? undefined : JSON.parse(value)) as DocumentMessages<Definition>[Name]["value"];
  }

  /** What GET would answer this agent. */
  view(agent: string): DocumentView<Definition> {
    const { json } = this.#instance.view(principalOf(agent));
    return JSON.parse(new TextDecoder().decode(json)) as DocumentView<Definition>;
  }

  /** Moves time, and runs the timers that fall due on the way, each at its moment. */
  advance(byMs: number): void {
    const until = this.now + byMs;
    for (let due = this.#instance.wakeAt; due !== undefined && due <= until; due = this.#instance.wakeAt) {
      this.now = Math.max(this.now, due);
      this.execute({ kind: "timer" });
    }
    this.now = until;
  }

  /**
   * Loads the document again from its log, as after a crash, or after a deploy if a new version of its definition is given.
   * Players reconnect and resume; timers that are due run. Throws when a migration fails; then everything is as before.
   */
  reload(definition?: DocumentDefinition): void {
    const players = [...this.#players];
    const runtime = definition === undefined ? this.#runtime : this.#compile(definition);
    const instance = opened(runtime, this.#name, this.#stored);
    this.#runtime = runtime;
    this.#instance = instance;
    for (const player of players) this.attach(player, player.client.viewState, player.client);
    this.deliver();
    this.advance(0);
  }

  delete(agent: string): void {
    this.execute({ kind: "delete", principal: principalOf(agent) });
    this.#players.clear();
  }

  /** For `TestPlayer`: runs a command, logs it, delivers. Returns its value. */
  execute(command: DocumentCommand): string | undefined {
    const outcome = this.#instance.execute(command, this.now);
    this.#append();
    this.deliver();
    if (outcome.status === "refused") throw new Rejected(outcome.error);
    return outcome.value;
  }

  /** For `TestPlayer`. */
  attach(player: TestPlayer<Definition>, viewState: string | undefined, from?: TestClient): void {
    const viewer = this.#instance.attach({
      id: `player${++this.#viewerIds}`,
      principal: player.principal,
      hashEvery: true,
      credit: Number.MAX_SAFE_INTEGER,
      ...(viewState === undefined ? {} : { viewState }),
      ...(from === undefined ? {} : { resume: { seq: from.seq, hash: from.hash } }),
    });
    player.client = new TestClient(viewer, viewState, from);
  }

  /** For `TestPlayer`. */
  detach(player: TestPlayer<Definition>): void {
    if (!this.#players.delete(player)) return;
    this.#instance.detach(player.client.viewer);
    this.#left(player.principal);
  }

  #left(principal: Principal): void {
    const isLast = [...this.#players].every((player) => player.principal.agent !== principal.agent);
    if (isLast) this.execute({ kind: "disconnect", principal });
    else this.deliver();
  }

  /** For `TestPlayer`. */
  updateViewState(player: TestPlayer<Definition>, viewState: string): void {
    try {
      this.#instance.updateViewState(player.client.viewer, viewState);
    } catch (thrown) {
      throw rejected(thrown);
    }
    player.client.viewState = viewState;
    this.deliver();
  }

  deliver(): void {
    const byViewer = new Map([...this.#players].map((player) => [player.client.viewer, player]));
    const ended: TestPlayer<Definition>[] = [];
    this.#instance.deliver(
      this.now,
      (viewers, frame) => {
        for (const viewer of viewers) byViewer.get(viewer)?.client.receive(frame);
      },
      (viewers, { code }) => {
        for (const player of viewers.map((viewer) => byViewer.get(viewer)!)) {
          player.endedBy = code;
          ended.push(player);
        }
      },
    );
    for (const player of ended) this.#players.delete(player);
    for (const agent of new Set(ended.map(({ principal }) => principal.agent))) this.#left(principalOf(agent));
    if (this.#instance.exists) for (const player of this.#players) this.#assertTrue(player);
  }

  /** A player that does not hold its view means a policy or view that is not a function of the state. */
  #assertTrue({ principal, client }: TestPlayer<Definition>): void {
    const view = new TextDecoder().decode(this.#instance.view(principal, client.viewState).json);
    if (canonicalJson(client.view) !== view) {
      throw new Error(`${principal.agent} holds ${canonicalJson(client.view)} and should see ${view}`);
    }
  }

  #append(): void {
    const patch = this.#instance.takePatch();
    if (patch === undefined) return;
    this.#stored = {
      seq: patch.toSeq,
      isDeleted: patch.deletes,
      patches: patch.deletes ? [] : [...this.#stored.patches, patch.data],
      ...(patch.deletes ? { deletion: patch.data } : {}),
    };
  }
}

/** Someone with a connection to a test document. */
export class TestPlayer<Definition extends DocumentDefinition> {
  readonly principal: Principal;
  /** What its connection holds. */
  client!: TestClient;
  /** Why its stream was ended from the other side, such as `forbidden`; `undefined` while it was not. */
  endedBy: string | undefined;
  readonly #document: TestDocument<Definition>;

  constructor(document: TestDocument<Definition>, principal: Principal) {
    this.#document = document;
    this.principal = principal;
  }

  /** What this client sees now, merged from the frames it was sent. */
  get view(): DocumentView<Definition> {
    return this.client.view as DocumentView<Definition>;
  }

  /** Texts of all frames it was ever sent: what is not in here it cannot know. */
  get received(): string {
    return this.client.received;
  }

  get frameCount(): number {
    return this.client.frameCount;
  }

  /** Returns the handler's value; throws `Rejected`. */
  send<Name extends keyof DocumentMessages<Definition> & string>(
    message: Name,
    ...args: SendArguments<DocumentMessages<Definition>[Name]["arg"]>
  ): DocumentMessages<Definition>[Name]["value"] {
    return this.#document.send(this.principal.agent, message, ...args);
  }

  updateViewState(viewState: DocumentViewState<Definition>): void {
    this.#document.updateViewState(this, JSON.stringify(viewState));
  }

  disconnect(): void {
    this.#document.detach(this);
  }
}

function principalOf(agent: string): Principal {
  return { agent, authority: "test" };
}
