import type {
  CommandOutcome,
  DocumentCommand,
  DocumentInstance,
  DocumentPatch,
  DocumentRuntime,
  Frame,
  StoredDocument,
  Viewer,
  ViewerInit,
} from "@tidewire/document";
import { type DocumentName, type Principal, ServiceError } from "@tidewire/foundation";

/** What a guard that cuts document code off looks like from inside: an error nobody in between catches. */
export class CutOff extends Error {}

export interface FakeRuntimeOptions {
  readonly createsOnDemand?: boolean;
  /** Whether coming and going is written to the log, as a handler may do. */
  readonly logsPresence?: boolean;
}

/** One change, applied alike when it happens and when it is read back from the log. */
type Change =
  | { readonly kind: "create" }
  | { readonly kind: "delete" }
  | { readonly kind: "add"; readonly by: number }
  | { readonly kind: "push"; readonly id: string }
  | { readonly kind: "came"; readonly principal: Principal }
  | { readonly kind: "left"; readonly principal: Principal }
  | { readonly kind: "after"; readonly at: number; readonly label: string }
  | { readonly kind: "fire" }
  | { readonly kind: "marker"; readonly marker: string; readonly seq: number; readonly value?: string };

interface FakeState {
  exists: boolean;
  value: number;
  entries: string[];
  connected: Principal[];
  timers: { at: number; label: string }[];
  fired: string[];
  markers: Record<string, { seq: number; value?: string }>;
}

const emptyState = (): FakeState => ({
  exists: false,
  value: 0,
  entries: [],
  connected: [],
  timers: [],
  fired: [],
  markers: {},
});

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
export const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** The seam's contract with a counter, a list and timers behind it, in the fewest lines. */
export class FakeRuntime implements DocumentRuntime {
  readonly space = "fake";
  readonly version = 1;
  readonly createsOnDemand: boolean;
  readonly logsPresence: boolean;
  /** Every instance ever opened, newest last. */
  readonly opened: FakeInstance[] = [];
  /** Opening a document of this key is cut off. */
  cutOpeningOf: string | undefined;

  constructor(options: FakeRuntimeOptions = {}) {
    this.createsOnDemand = options.createsOnDemand ?? true;
    this.logsPresence = options.logsPresence ?? false;
  }

  open(name: DocumentName, stored: StoredDocument): FakeInstance {
    if (this.cutOpeningOf === name.key) throw new CutOff();
    const instance = new FakeInstance(this, name, stored);
    this.opened.push(instance);
    return instance;
  }
}

interface FakeViewer extends Viewer {
  credit: number;
  viewState: string | undefined;
  sent: string | undefined;
  sentSeq: number;
  needsSnapshot: boolean;
  readonly hashEvery: boolean;
}

export class FakeInstance implements DocumentInstance {
  readonly name: DocumentName;
  readonly #runtime: FakeRuntime;
  #state = emptyState();
  #seq: number;
  #patchFrom: number;
  #changes: Change[] = [];
  readonly #viewers = new Map<string, FakeViewer>();
  /** Viewers whose view is suddenly too large. */
  readonly tooLarge = new Set<string>();
  readonly #present = new Map<string, number>();
  #isBroken = false;

  constructor(runtime: FakeRuntime, name: DocumentName, stored: StoredDocument) {
    this.#runtime = runtime;
    this.name = name;
    if (!stored.isDeleted) {
      if (stored.snapshot !== undefined) this.#state = jsonOf(stored.snapshot) as FakeState;
      for (const patch of stored.patches) for (const change of jsonOf(patch) as Change[]) this.#apply(change);
    }
    this.#seq = stored.seq;
    this.#patchFrom = stored.seq;
  }

  get seq(): number {
    return this.#seq;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** What it shows of who is connected is in its log. */
  readonly owesCommit = false;

  get exists(): boolean {
    return this.#state.exists;
  }

  get wakeAt(): number | undefined {
    return this.#state.timers[0]?.at;
  }

  get connected(): readonly Principal[] {
    return this.#state.connected;
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  execute(command: DocumentCommand, now: number): CommandOutcome {
    this.#requireWhole();
    try {
      return this.#execute(command, now);
    } catch (error) {
      if (error instanceof CutOff) {
        this.#isBroken = true;
        throw error;
      }
      return { status: "refused", error: ServiceError.from(error) };
    }
  }

  takePatch(): DocumentPatch | undefined {
    this.#requireWhole();
    if (this.#changes.length === 0) return undefined;
    const changes = this.#changes;
    this.#changes = [];
    const fromSeq = this.#patchFrom;
    this.#patchFrom = this.#seq;
    const deletes = changes.at(-1)?.kind === "delete";
    return { fromSeq, toSeq: this.#seq, data: bytesOf(changes), deletes };
  }

  snapshot(): Uint8Array {
    return bytesOf(this.#state);
  }

  attach(viewer: ViewerInit): Viewer {
    this.#requireAccess(viewer.principal);
    this.#requireExists();
    checkViewState(viewer.viewState);
    if (this.#viewers.has(viewer.id)) throw new Error("a viewer of this name is attached already");
    const attached: FakeViewer = {
      id: viewer.id,
      principal: viewer.principal,
      credit: viewer.credit,
      viewState: viewer.viewState,
      sent: undefined,
      sentSeq: 0,
      needsSnapshot: true,
      hashEvery: viewer.hashEvery,
    };
    this.#viewers.set(viewer.id, attached);
    const { agent } = viewer.principal;
    this.#present.set(agent, (this.#present.get(agent) ?? 0) + 1);
    if (viewer.resume !== undefined) {
      const view = this.#viewText(attached);
      if (hashOf(view) === viewer.resume.hash) {
        attached.sent = view;
        attached.needsSnapshot = false;
      }
    }
    return attached;
  }

  detach(viewer: Viewer): void {
    this.#requireWhole();
    this.#viewers.delete(viewer.id);
    const left = (this.#present.get(viewer.principal.agent) ?? 1) - 1;
    if (left === 0) this.#present.delete(viewer.principal.agent);
    else this.#present.set(viewer.principal.agent, left);
  }

  updateViewState(viewer: Viewer, viewState: string): void {
    checkViewState(viewState);
    (viewer as FakeViewer).viewState = viewState;
  }

  grant(viewer: Viewer, frames: number): void {
    (viewer as FakeViewer).credit += frames;
  }

  resync(viewer: Viewer): void {
    (viewer as FakeViewer).needsSnapshot = true;
  }

  check(viewer: Viewer, _seq: number, hash: string): "match" | "mismatch" | "unverifiable" {
    if (hashOf(this.#viewText(viewer as FakeViewer)) === hash) return "match";
    this.resync(viewer);
    return "mismatch";
  }

  deliver(
    _now: number,
    sink: (viewers: readonly Viewer[], frame: Frame) => void,
    fail: (viewers: readonly Viewer[], error: ServiceError) => void,
  ): void {
    this.#requireWhole();
    if (this.#changes.length > 0) throw new Error("delivery before the patch was taken");
    for (const viewer of [...this.#viewers.values()].filter(({ id }) => this.tooLarge.has(id))) {
      this.detach(viewer);
      fail([viewer], new ServiceError("limit_exceeded", "the view is too large"));
    }
    const groups = new Map<string, FakeViewer[]>();
    for (const viewer of this.#viewers.values()) {
      if (viewer.credit === 0) continue;
      const text = this.#viewText(viewer);
      if (!viewer.needsSnapshot && text === viewer.sent) continue;
      const kind = viewer.needsSnapshot ? "snapshot" : "delta";
      const group = `${kind}${viewer.hashEvery ? "#" : ""}${text}`;
      groups.set(group, [...(groups.get(group) ?? []), viewer]);
      viewer.sent = text;
      viewer.needsSnapshot = false;
      viewer.credit--;
    }
    for (const viewers of groups.values()) {
      const [first] = viewers as [FakeViewer];
      const kind = [...groups.keys()].find((key) => groups.get(key) === viewers)!.startsWith("snapshot")
        ? "snapshot"
        : "delta";
      const text = first.sent!;
      sink(viewers, {
        kind,
        seq: this.#seq,
        ...(first.hashEvery ? { hash: hashOf(text) } : {}),
        data: bytesOf({ "@s": this.#seq, ...(JSON.parse(text) as object) }),
      });
    }
  }

  view(principal: Principal): { seq: number; hash: string; json: Uint8Array } {
    if (principal.agent === "cut-view") throw new CutOff();
    this.#requireAccess(principal);
    this.#requireExists();
    const text = this.#viewText({ principal, viewState: undefined });
    return { seq: this.#seq, hash: hashOf(text), json: new TextEncoder().encode(text) };
  }

  #execute(command: DocumentCommand, now: number): CommandOutcome {
    if (command.kind === "timer") return this.#fire(now);
    this.#requireAccess(command.principal);
    const marker = "marker" in command ? command.marker : undefined;
    const known = marker === undefined ? undefined : this.#state.markers[marker];
    if (known !== undefined) return { status: "done", isReplay: true, ...known };
    if (command.kind === "create") {
      if (this.#state.exists) throw new ServiceError("already_exists", "it exists");
      return this.#done(marker, undefined, { kind: "create" });
    }
    if (!this.#state.exists) {
      if (command.kind === "delete" || command.kind === "disconnect") this.#requireExists();
      if (!this.#runtime.createsOnDemand) this.#requireExists();
      this.#commit({ kind: "create" });
    }
    if (command.kind === "delete") return this.#done(marker, undefined, { kind: "delete" });
    if (command.kind === "message") return this.#message(command, now);
    if (!this.#runtime.logsPresence) return { status: "done", seq: this.#seq, isReplay: false };
    const { kind, principal } = command;
    return this.#done(undefined, undefined, { kind: kind === "connect" ? "came" : "left", principal });
  }

  #message(command: Extract<DocumentCommand, { kind: "message" }>, now: number): CommandOutcome {
    const arg = (command.arg === undefined ? {} : JSON.parse(command.arg)) as Record<string, never>;
    switch (command.message) {
      case "add":
        return this.#done(command.marker, String(this.#state.value + arg["by"]!), { kind: "add", by: arg["by"]! });
      case "push":
        return this.#done(command.marker, undefined, { kind: "push", id: arg["id"]! });
      case "fill":
        return this.#done(command.marker, undefined, { kind: "push", id: "x".repeat(arg["size"]!) });
      case "after":
        return this.#done(command.marker, undefined, { kind: "after", at: now + arg["ms"]!, label: arg["label"]! });
      case "noop":
        return { status: "done", seq: this.#seq, isReplay: false };
      case "cut":
        // Half a change is left behind, as when real code is stopped.
        this.#state.value = Number.NaN;
        throw new CutOff();
      default:
        throw new ServiceError("rejected", "no", { details: { code: command.message } });
    }
  }

  #fire(now: number): CommandOutcome {
    const due = this.#state.timers[0];
    if (due === undefined || due.at > now) return { status: "done", seq: this.#seq, isReplay: false };
    if (due.label === "cut") throw new CutOff();
    if (due.label === "stuck") throw new ServiceError("rejected", "stuck");
    return this.#done(undefined, undefined, { kind: "fire" });
  }

  #done(marker: string | undefined, value: string | undefined, change: Change): CommandOutcome {
    this.#commit(change);
    const known = { seq: this.#seq, ...(value === undefined ? {} : { value }) };
    if (marker !== undefined) {
      const remembered: Change = { kind: "marker", marker, ...known };
      this.#apply(remembered);
      this.#changes.push(remembered);
    }
    return { status: "done", isReplay: false, ...known };
  }

  #commit(change: Change): void {
    this.#seq++;
    this.#apply(change);
    this.#changes.push(change);
  }

  #apply(change: Change): void {
    const state = this.#state;
    if (change.kind === "create") state.exists = true;
    else if (change.kind === "delete") this.#state = emptyState();
    else if (change.kind === "add") state.value += change.by;
    else if (change.kind === "push") state.entries.push(change.id);
    else if (change.kind === "came" || change.kind === "left") {
      const { agent } = change.principal;
      state.entries.push(`${change.kind === "came" ? "+" : "-"}${agent}`);
      state.connected = state.connected.filter((principal) => principal.agent !== agent);
      if (change.kind === "came") state.connected.push(change.principal);
    } else if (change.kind === "after") {
      state.timers.push({ at: change.at, label: change.label });
      state.timers.sort((a, b) => a.at - b.at);
    } else if (change.kind === "fire") state.fired.push(state.timers.shift()!.label);
    else {
      const { marker, seq, value } = change;
      state.markers[marker] = { seq, ...(value === undefined ? {} : { value }) };
    }
  }

  #viewText(viewer: { readonly principal: Principal; readonly viewState: string | undefined }): string {
    const { value, entries, fired } = this.#state;
    const state = viewer.viewState === undefined ? {} : { viewState: JSON.parse(viewer.viewState) as unknown };
    return JSON.stringify({ value, entries, fired, present: [...this.#present.keys()].sort(), ...state });
  }

  #requireWhole(): void {
    if (this.#isBroken) throw new Error("used after it was cut off");
  }

  #requireAccess(principal: Principal): void {
    if (principal.agent === "blocked") throw new ServiceError("forbidden", "no");
  }

  #requireExists(): void {
    if (!this.#state.exists) throw new ServiceError("not_found", "no such document");
  }
}

function checkViewState(viewState: string | undefined): void {
  if (viewState === '"bad"') throw new ServiceError("invalid_argument", "bad view state");
}

/** FNV-1a, twice: any 16 hex digits that depend on every byte will do here. */
function hashOf(text: string): string {
  const half = (seed: number): string => {
    let hash = seed;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return (hash >>> 0).toString(16).padStart(8, "0");
  };
  return half(0x811c9dc5) + half(0x01234567);
}
