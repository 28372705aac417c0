import type { DocumentName, Principal, Random } from "@tidewire/foundation";
import type { DocumentContext, Duration } from "../author/context.ts";
import { StateError } from "../author/state-error.ts";
import { LimitError } from "../state/limit-error.ts";
import type { DocumentBody } from "./document-body.ts";
import { Rejection } from "./rejection.ts";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Ten years: beyond it a date is a mistake. */
const delayMaxMs = 3_660 * 86_400_000;
const codeLengthMax = 128;

/** What a handler may use, for as long as it runs. */
export class HandlerContext implements DocumentContext {
  readonly principal: Principal;
  readonly now: number;
  readonly name: DocumentName;
  /** Set by `reject`: a handler that swallows the unwinding has rejected all the same. */
  rejection: Rejection | undefined = undefined;
  readonly #body: DocumentBody;
  #isOpen = true;

  constructor(body: DocumentBody, name: DocumentName, principal: Principal, now: number) {
    this.#body = body;
    this.name = name;
    this.principal = principal;
    // Hosts may count finer; a timestamp in state is whole.
    this.now = Math.floor(now);
  }

  get random(): Random {
    this.#assertOpen();
    return this.#body.random;
  }

  reject(code: string, data?: unknown): never {
    // Nothing more here: V8 counts returns, so what always throws is interpreted for ever.
    throw this.#reject(code, data);
  }

  #reject(code: string, data: unknown): Rejection {
    this.#assertOpen();
    if (typeof code !== "string" || code.length === 0 || code.length > codeLengthMax) {
      throw new StateError(`a rejection's code is a string of 1 to ${codeLengthMax} code units`);
    }
    const plain = plainJson(data, "valueMaxLength", this.#body.compiled.limits.valueMaxLength);
    this.rejection = Rejection.of(code, plain);
    return this.rejection;
  }

  after(delay: Duration, name: string, arg?: unknown): number {
    this.#assertOpen();
    const { definition, limits } = this.#body.compiled;
    if (!Object.hasOwn(definition.timers, name)) throw new StateError(`the document has no timer "${name}"`);
    return this.#body.timers.add({
      dueAt: this.now + delayMs(delay),
      name,
      principal: this.principal,
      arg: plainJson(arg, "timerArgMaxLength", limits.timerArgMaxLength),
    });
  }

  cancel(timer: number): boolean {
    this.#assertOpen();
    return this.#body.timers.remove(timer);
  }

  close(): void {
    this.#isOpen = false;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new StateError("the handler this context belongs to is over");
  }
}

export function delayMs(delay: Duration): number {
  let ms = delay;
  if (typeof delay === "string") {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(delay);
    if (match === null) throw new StateError(`"${delay}" is not a duration: write 250, "30s", "5m", "12h" or "7d"`);
    ms = Number(match[1]) * unitsMs[match[2]!]!;
  }
  if (typeof ms !== "number" || !(ms >= 0 && ms <= delayMaxMs)) throw new StateError("a delay is 0 ms to ten years");
  return Math.ceil(ms);
}

/** A copy that is JSON and nothing else. */
function plainJson(value: unknown, limit: string, lengthMax: number): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new StateError("expected JSON");
  if (text.length > lengthMax) throw new LimitError(limit, lengthMax);
  return JSON.parse(text);
}
