import { type DocumentName, type Principal, ServiceError } from "@tidewire/foundation";
import { encodeDeletion, encodePatch, encodeSnapshot, forgetChanges } from "../log/document-log.ts";
import type { ViewStateValue } from "../view/class-keys.ts";
import { Outbox } from "../view/outbox.ts";
import { HashingViewerHandle, ViewerHandle } from "../view/viewer-handle.ts";
import { mayConnect } from "./access.ts";
import { parseArgument, validated } from "./arguments.ts";
import { CommandRunner } from "./command-runner.ts";
import type { CompiledDocument } from "./compiled-document.ts";
import type { DocumentBody } from "./document-body.ts";
import { CommandFault, forbidden, limitExceeded, notFound, refusalOf } from "./errors.ts";
import { loadDocument } from "./load-document.ts";
import type {
  Audience,
  CommandOutcome,
  DocumentCommand,
  DocumentInstance as DocumentInstancePort,
  DocumentPatch,
  Frame,
  StoredDocument,
  Viewer,
  ViewerInit,
} from "./runtime.ts";

/** One document in memory. */
export class DocumentInstance implements DocumentInstancePort {
  readonly name: DocumentName;
  readonly #compiled: CompiledDocument;
  readonly #runner: CommandRunner;
  #loggedSeq: number;
  /** A call is under way, or was when it was cut off. */
  #isBusy = false;

  constructor(compiled: CompiledDocument, name: DocumentName, stored: StoredDocument) {
    this.name = name;
    this.#compiled = compiled;
    this.#runner = new CommandRunner(compiled, name, stored.seq, loadDocument(compiled, stored));
    this.#loggedSeq = stored.seq;
  }

  get seq(): number {
    return this.#runner.seq;
  }

  get exists(): boolean {
    return this.#runner.body !== undefined;
  }

  get isBroken(): boolean {
    return this.#isBusy;
  }

  get wakeAt(): number | undefined {
    return this.#runner.body?.wakeAt;
  }

  get deliverAt(): number | undefined {
    return this.#runner.body?.hub.deliverAt;
  }

  get viewerCount(): number {
    return this.#runner.body?.hub.viewerCount ?? 0;
  }

  get connected(): readonly Principal[] {
    return this.#runner.body?.connected.all ?? [];
  }

  execute(command: DocumentCommand, now: number): CommandOutcome {
    // Like `#whole`, without making a function for each command.
    this.#assertWhole();
    this.#isBusy = true;
    try {
      const outcome = this.#runner.execute(command, now);
      this.#isBusy = false;
      return outcome;
    } catch (thrown) {
      this.#isBusy = false;
      throw thrown;
    }
  }

  get owesCommit(): boolean {
    return this.#runner.body?.presenceReads.isLogged === false && this.#compiled.isLogged;
  }

  takePatch(): DocumentPatch | undefined {
    this.#assertWhole();
    const from = this.#loggedSeq;
    if (this.#runner.seq === from) {
      if (!this.owesCommit) return undefined;
      this.#runner.seq++;
    }
    const { seq, body } = this.#runner;
    this.#loggedSeq = seq;
    if (body === undefined) {
      const data = encodeDeletion(this.#compiled.definition.version, from, seq, this.#runner.buried?.rows);
      return { fromSeq: from, toSeq: seq, data, deletes: true };
    }
    const data = this.#compiled.isLogged ? encodePatch(body, from, seq) : forgetChanges(body);
    body.state.loggedSeq = seq;
    return { fromSeq: from, toSeq: seq, data, deletes: false };
  }

  snapshot(): Uint8Array {
    this.#assertWhole();
    const { seq, body } = this.#runner;
    if (body === undefined) throw new Error("there is no snapshot of a document that does not exist");
    return encodeSnapshot(body, seq);
  }

  attach(init: ViewerInit): Viewer {
    return this.#whole(() => this.#attach(init));
  }

  #attach({ id, principal, viewState, resume, hashEvery, credit }: ViewerInit): Viewer {
    const body = this.#bodyFor(principal, true);
    const { viewersMax } = this.#compiled.limits;
    if (body.hub.viewerCount >= viewersMax) {
      throw new ServiceError("limit_exceeded", "the document has too many viewers", {
        details: { limit: "viewersMax" },
      });
    }
    const viewer = new (hashEvery ? HashingViewerHandle : ViewerHandle)(id, principal, credit);
    viewer.viewState = this.#viewState(viewState);
    body.presence.came(viewer.principal);
    try {
      body.hub.attach(viewer, resume);
    } catch (thrown) {
      this.#detach(viewer);
      throw thrown instanceof ServiceError ? thrown : refusalOf(thrown);
    }
    return viewer;
  }

  detach(viewer: Viewer): void {
    this.#assertWhole();
    this.#detach(viewer);
  }

  #detach(viewer: Viewer): void {
    const { body } = this.#runner;
    if (body?.hub.detach(viewer as ViewerHandle) === true) body.presence.went(viewer.principal);
  }

  updateViewState(viewer: Viewer, viewState: string): void {
    this.#whole(() => {
      const parsed = this.#viewState(viewState);
      if (parsed !== undefined && this.#isHere(viewer)) this.#runner.body!.hub.moveTo(viewer as ViewerHandle, parsed);
    });
  }

  grant(viewer: Viewer, frames: number): void {
    (viewer as ViewerHandle).grant(frames);
  }

  resync(viewer: Viewer): void {
    if (this.#isHere(viewer)) this.#runner.body!.hub.resync(viewer as ViewerHandle);
  }

  check(viewer: Viewer, seq: number, hash: string): "match" | "mismatch" | "unverifiable" {
    if (!this.#isHere(viewer)) return "unverifiable";
    return this.#whole(() => this.#runner.body!.hub.check(viewer as ViewerHandle, seq, hash));
  }

  deliver(
    now: number,
    sink: (viewers: readonly Viewer[], frame: Frame, audience?: Audience) => void,
    fail: (viewers: readonly Viewer[], error: ServiceError) => void = () => {},
  ): void {
    this.#assertTaken();
    const { body } = this.#runner;
    if (body === undefined) return;
    const outbox = new Outbox();
    const refused = this.#collect(body, now, outbox);
    body.hub.forgetFailed();
    if (refused !== undefined && refused.length > 0) fail(refused, forbidden());
    for (const { viewers, error } of outbox.failures) {
      for (const { principal } of viewers) body.presence.went(principal);
      fail(viewers, limitExceeded(error));
    }
    outbox.empty(sink);
  }

  /** Like `#whole`, without making a function for each delivery. Returns those who may not watch any more. */
  #collect(body: DocumentBody, now: number, outbox: Outbox): readonly ViewerHandle[] | undefined {
    this.#assertWhole();
    this.#isBusy = true;
    try {
      const refused = body.admissions.mustAsk ? this.#detachRefused(body) : undefined;
      body.hub.deliver(now, outbox);
      // Whoever is behind now is brought forward from elsewhere.
      body.loggedPart = undefined;
      this.#isBusy = false;
      return refused;
    } catch (thrown) {
      this.#isBusy = false;
      throw thrown;
    }
  }

  view(
    principal: Principal,
    viewState?: string,
  ): { readonly seq: number; readonly hash: string; readonly json: Uint8Array } {
    this.#assertTaken();
    return this.#whole(() => {
      const body = this.#bodyFor(principal, false);
      try {
        return body.hub.view(body.state.intern(principal), this.#viewState(viewState));
      } catch (thrown) {
        throw thrown instanceof ServiceError ? thrown : refusalOf(thrown);
      }
    });
  }

  /** Runs document code. If it is cut off neither way out is taken, and the mark stays. */
  #whole<Result>(work: () => Result): Result {
    this.#assertWhole();
    this.#isBusy = true;
    try {
      const result = work();
      this.#isBusy = false;
      return result;
    } catch (thrown) {
      this.#isBusy = false;
      throw thrown;
    }
  }

  #assertWhole(): void {
    if (this.#isBusy)
      throw new Error("document code was cut off, or calls its own instance: nothing here can be trusted");
  }

  /** Memory must not be shown before the log has it. */
  #assertTaken(): void {
    if (this.#runner.seq !== this.#loggedSeq)
      throw new Error("a commit was not taken as a patch: nothing may be shown");
  }

  #bodyFor(principal: Principal, toWatch: boolean): DocumentBody {
    const { body } = this.#runner;
    const isAllowed =
      body !== undefined && toWatch
        ? this.#mayWatch(principal, body)
        : mayConnect(this.#compiled, this.name, principal, body);
    if (!isAllowed) throw forbidden();
    if (body === undefined) throw notFound();
    return body;
  }

  #detachRefused(body: DocumentBody): readonly ViewerHandle[] {
    const refused = body.admissions.refused(body.hub.viewers(), (principal) => this.#mayWatch(principal, body));
    for (const viewer of refused) this.#detach(viewer);
    return refused;
  }

  #mayWatch(principal: Principal, body: DocumentBody): boolean {
    return body.admissions.ask(() => mayConnect(this.#compiled, this.name, principal, body));
  }

  #viewState(text: string | undefined): ViewStateValue | undefined {
    const { definition, limits } = this.#compiled;
    if (text === undefined) return undefined;
    try {
      const value = parseArgument(text, "viewState", limits.argMaxLength);
      // Without a schema nobody reads it, but it still has to be JSON.
      return definition.viewState === undefined
        ? undefined
        : { text: JSON.stringify(value), value: validated(definition.viewState, value, "viewState") };
    } catch (thrown) {
      throw thrown instanceof CommandFault ? thrown.error : refusalOf(thrown);
    }
  }

  #isHere(viewer: Viewer): boolean {
    return this.#runner.body?.hub.has(viewer as ViewerHandle) === true;
  }
}
