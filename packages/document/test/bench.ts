import { applyDelta, applySnapshot, emptyView, hashView, type JsonObject, type ViewState } from "@tidewire/delta";
import { type Principal, SeededRandom, type ServiceError } from "@tidewire/foundation";
import {
  type CommandOutcome,
  compileDocument,
  type DocumentCommand,
  type DocumentInstance,
  type DocumentLimits,
  type DocumentRuntime,
  type Frame,
  type StoredDocument,
  type Viewer,
} from "../src/index.ts";

import { DormantViewers } from "../src/view/dormant-viewers.ts";
import type { ViewerHandle } from "../src/view/viewer-handle.ts";

const decoder = new TextDecoder();

export function principalOf(agent: string): Principal {
  return { agent, authority: "dev" };
}

/** A client as the protocol describes it, knowing nothing of the runtime: it merges frames and compares hashes. */
export class FakeClient {
  readonly agent: string;
  readonly viewer: Viewer;
  readonly frames: Frame[] = [];
  #state: ViewState = emptyView();

  constructor(agent: string, viewer: Viewer) {
    this.agent = agent;
    this.viewer = viewer;
  }

  get view(): JsonObject {
    return this.#state.value;
  }

  get seq(): number {
    return this.#state.seq;
  }

  get hash(): string {
    return hashView(this.view);
  }

  /** Everything it was ever sent, as text. */
  get bytes(): string {
    return this.frames.map((frame) => decoder.decode(frame.data)).join("\n");
  }

  get last(): JsonObject {
    return JSON.parse(decoder.decode(this.frames.at(-1)!.data)) as JsonObject;
  }

  startFrom(other: FakeClient): void {
    this.#state = other.#state;
  }

  receive(frame: Frame): void {
    this.frames.push(frame);
    const json = JSON.parse(decoder.decode(frame.data)) as JsonObject;
    this.#state = frame.kind === "snapshot" ? applySnapshot(json) : applyDelta(this.#state, json);
    if (frame.seq !== this.#state.seq) throw new Error(`frame says ${frame.seq}, its @s ${this.#state.seq}`);
    if (frame.hash !== undefined && frame.hash !== this.hash) {
      throw new Error(`hash of ${this.agent} differs at ${frame.seq}: ${JSON.stringify(this.view)}`);
    }
  }
}

export interface AttachOptions {
  readonly credit?: number;
  readonly resume?: { readonly seq: number; readonly hash: string };
  readonly viewState?: unknown;
  readonly hashEvery?: boolean;
}

/** A host reduced to its duties: it runs batches, keeps a log, and delivers what is in it. */
export class Bench {
  readonly runtime: DocumentRuntime;
  readonly name;
  instance: DocumentInstance;
  readonly clients: FakeClient[] = [];
  readonly faults: unknown[] = [];
  /** Streams that ended because their view was too large. */
  readonly failures: { readonly agents: string[]; readonly code: string }[] = [];
  now = 1_700_000_000_000;
  stored: { seq: number; isDeleted: boolean; snapshot?: Uint8Array; patches: Uint8Array[]; deletion?: Uint8Array } = {
    seq: 0,
    isDeleted: false,
    patches: [],
  };
  #monotonic = 0;
  #viewers = 0;

  constructor(definition: unknown, limits: Partial<DocumentLimits> = {}, key = "d1") {
    this.runtime = compileDocument(definition, limits, {
      random: new SeededRandom(7),
      onFault: (thrown) => this.faults.push(thrown),
    });
    this.name = { space: this.runtime.space, key };
    this.instance = this.runtime.open(this.name, this.stored);
  }

  execute(command: DocumentCommand): CommandOutcome {
    const outcome = this.instance.execute(command, this.now);
    this.flush();
    return outcome;
  }

  send(agent: string, message: string, arg?: unknown, marker?: string): CommandOutcome {
    return this.execute(messageOf(agent, message, arg, marker));
  }

  /** Appends what was committed, and delivers. */
  flush(): void {
    this.append();
    this.deliver();
  }

  append(): void {
    const patch = this.instance.takePatch();
    if (patch === undefined) return;
    if (patch.fromSeq !== this.stored.seq) throw new Error("patches leave a gap");
    const patches = patch.deletes ? [] : [...this.stored.patches, patch.data];
    if (patch.deletes) this.stored = { seq: patch.toSeq, isDeleted: true, patches, deletion: patch.data };
    else this.stored = { ...this.stored, seq: patch.toSeq, isDeleted: false, patches };
  }

  /** `inspect` sees each frame before its client does. */
  deliver(inspect?: (client: FakeClient, frame: Frame, json: JsonObject) => void): void {
    this.#monotonic += 10;
    const frames: [FakeClient, Frame][] = [];
    this.instance.deliver(
      this.#monotonic,
      (viewers, frame) => {
        for (const viewer of viewers) frames.push([this.clients.find((client) => client.viewer === viewer)!, frame]);
      },
      (viewers, { code }) => this.failures.push({ agents: viewers.map(({ principal }) => principal.agent), code }),
    );
    for (const [client, frame] of frames) {
      inspect?.(client, frame, JSON.parse(decoder.decode(frame.data)) as JsonObject);
      client.receive(frame);
    }
  }

  connect(agent: string, options: AttachOptions = {}): FakeClient {
    const outcome = this.execute({ kind: "connect", principal: principalOf(agent) });
    if (outcome.status === "refused") throw outcome.error;
    const client = this.attach(agent, options);
    this.deliver();
    return client;
  }

  attach(agent: string, options: AttachOptions = {}): FakeClient {
    const viewer = this.instance.attach({
      id: `v${++this.#viewers}`,
      principal: principalOf(agent),
      hashEvery: options.hashEvery ?? true,
      credit: options.credit ?? 1_000_000,
      ...(options.resume === undefined ? {} : { resume: options.resume }),
      ...(options.viewState === undefined ? {} : { viewState: JSON.stringify(options.viewState) }),
    });
    const client = new FakeClient(agent, viewer);
    this.clients.push(client);
    return client;
  }

  disconnect(client: FakeClient): void {
    this.instance.detach(client.viewer);
    this.clients.splice(this.clients.indexOf(client), 1);
    this.instance.execute({ kind: "disconnect", principal: principalOf(client.agent) }, this.now);
    this.append();
  }

  /** What GET answers; with a viewer, what GET would answer if it took the viewer's view state. */
  get(agent: string, viewer?: Viewer): { seq: number; hash: string; view: JsonObject } {
    const viewState = (viewer as ViewerHandle | undefined)?.viewState;
    const { seq, hash, json } = this.instance.view(principalOf(agent), viewState?.text);
    const view = JSON.parse(decoder.decode(json)) as JsonObject;
    if (hashView(view) !== hash) throw new Error(`the hash of GET is not that of its view: ${JSON.stringify(view)}`);
    return { seq, hash, view };
  }

  /** Forgets the memory and reads the log, as a new owner does. */
  reopen(withSnapshot = false): void {
    if (withSnapshot && this.instance.exists) {
      this.stored = { seq: this.stored.seq, isDeleted: false, snapshot: this.instance.snapshot(), patches: [] };
    }
    this.clients.length = 0;
    this.instance = this.runtime.open(this.name, this.stored satisfies StoredDocument);
  }
}

/** Whether no more than a row is kept of it. */
export function isDormant(viewer: Viewer): boolean {
  return (viewer as ViewerHandle).place instanceof DormantViewers;
}

/** What document code threw, where the refusal comes from that. */
export function reasonOf(error: ServiceError): Error {
  return error.cause instanceof Error ? error.cause : error;
}

export function messageOf(agent: string, message: string, arg?: unknown, marker?: string): DocumentCommand {
  return {
    kind: "message",
    principal: principalOf(agent),
    message,
    ...(arg === undefined ? {} : { arg: JSON.stringify(arg) }),
    ...(marker === undefined ? {} : { marker }),
  };
}
