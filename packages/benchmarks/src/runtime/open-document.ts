import {
  compileDocument,
  type DocumentCommand,
  type DocumentInstance,
  type DocumentRuntime,
  type Viewer,
} from "@tidewire/document";
import type { Touches } from "./item.ts";

/** Fills at once, within the default bound on the writes of one message. */
const FILL_MAX = 10_000;
const CREDIT = 2 ** 30;

export const author = { agent: "author", authority: "dev" };
const touchCommand: DocumentCommand = { kind: "message", principal: author, message: "touch" };
/** Two fields, always the same, in each of the records. */
export const touchTwoCommand: DocumentCommand = { kind: "message", principal: author, message: "touchTwo" };
/** One field of one record. */
export const touchOneCommand: DocumentCommand = { kind: "message", principal: author, message: "touchOne" };
/** Throws what was made before. */
export const throwCommand: DocumentCommand = { kind: "message", principal: author, message: "throw" };
/** Throws a new Error. */
export const failCommand: DocumentCommand = { kind: "message", principal: author, message: "fail" };
export const rejectCommand: DocumentCommand = { kind: "message", principal: author, message: "reject" };

/** What the handlers do next; they take no argument, so that no parsing is measured. */
export interface Plan {
  touches: Touches;
}

/** Documents of one type, compiled once as a host does, with the default limits of a host. */
export class DocumentType {
  readonly #plan: Partial<Plan> = {};
  readonly #runtime: DocumentRuntime;

  constructor(define: (plan: Plan) => unknown, options: { readonly isLogged?: boolean } = {}) {
    this.#runtime = compileDocument(define(this.#plan as Plan), {}, options);
  }

  open(records: number, touches: Touches): OpenDocument {
    const name = { space: this.#runtime.space, key: "k" };
    const instance = this.#runtime.open(name, { seq: 0, isDeleted: false, patches: [] });
    return new OpenDocument(instance, this.#plan, touches, records);
  }
}

/** One document, filled with records, and what is to be changed in it. */
export class OpenDocument {
  readonly instance: DocumentInstance;
  readonly touches: Touches;
  /** Bytes of all frames, each counted once. */
  frameBytes = 0;
  #deltas = 0;
  readonly #plan: Partial<Plan>;

  constructor(instance: DocumentInstance, plan: Partial<Plan>, touches: Touches, records: number) {
    this.instance = instance;
    this.touches = touches;
    this.#plan = plan;
    for (let from = 0; from < records; from += FILL_MAX) {
      const arg = JSON.stringify({ from, to: Math.min(records, from + FILL_MAX) });
      this.execute({ kind: "message", principal: author, message: "fill", arg });
      instance.takePatch();
    }
  }

  /** Viewers with distinct principals that hold the state of now and are never short of credit. */
  view(count: number, agent = (index: number): string => `viewer${index}`): readonly Viewer[] {
    const viewers = Array.from({ length: count }, (_, index) =>
      this.instance.attach({
        id: `v${index}`,
        principal: { agent: agent(index), authority: "dev" },
        hashEvery: false,
        credit: CREDIT,
      }),
    );
    this.deliver();
    return viewers;
  }

  execute(command: DocumentCommand): void {
    this.#plan.touches = this.touches;
    const outcome = this.instance.execute(command, 0);
    if (outcome.status === "refused") throw outcome.error;
  }

  /** The changes of one message. */
  commit(command = touchCommand): void {
    this.execute(command);
  }

  takePatch(): void {
    if (this.instance.takePatch() === undefined) throw new Error("a message changed nothing");
  }

  /** Time stands still unless it is given, so that no frame but the first has the hash of the view. */
  deliver(now = 0): void {
    this.instance.deliver(now, (_viewers, frame) => {
      this.frameBytes += frame.data.length;
      if (frame.kind === "delta") this.#deltas++;
    });
  }

  /** Changes, the patch for the log, and the delta: everything a host has the runtime do for a message. */
  step(command = touchCommand): void {
    this.commit(command);
    this.takePatch();
    this.deliver();
  }

  /** Throws unless viewers were told of changes: a delivery of nothing is cheap. */
  verify(): void {
    if (this.#deltas === 0) throw new Error("no viewer was told of any change");
  }

  /** For a command whose handler does not end well. */
  refuse(command: DocumentCommand): void {
    this.#plan.touches = this.touches;
    if (this.instance.execute(command, 0).status !== "refused") throw new Error("it was done");
  }
}
