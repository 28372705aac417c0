import { type DocumentName, type Principal, ServiceError } from "@tidewire/foundation";
import { refusePromise } from "../author/refuse-promise.ts";
import { StateError } from "../author/state-error.ts";
import type { CronTimer } from "../state/cron-timers.ts";
import type { DurableTimer } from "../state/durable-timers.ts";
import { LimitError } from "../state/limit-error.ts";
import { missingValue } from "../state/missing-value.ts";
import { smallSeq } from "../state/small-seq.ts";
import { mayConnect, mayCreate, mayDelete, maySend } from "./access.ts";
import { parseArgument, validated } from "./arguments.ts";
import type { CompiledDocument, Work } from "./compiled-document.ts";
import { DocumentBody } from "./document-body.ts";
import { CommandFault, forbidden, invalidArgument, notFound, refusalOf } from "./errors.ts";
import { HandlerContext } from "./handler-context.ts";
import type { LoadedDocument } from "./load-document.ts";
import { commandDigest, type MarkerLedger, markerKey } from "./marker-ledger.ts";
import type { CommandOutcome, DocumentCommand } from "./runtime.ts";

type Command<Kind extends DocumentCommand["kind"]> = Extract<DocumentCommand, { readonly kind: Kind }>;

/** Who acts in a cron entry: nobody. No token has this authority, because an issuer is no word that begins with `@`. */
const cronPrincipal: Principal = { agent: "cron", authority: "@document" };

interface Marked {
  readonly key: string;
  readonly digest: string;
}

/** Runs commands as transactions: each as a whole or not at all. */
export class CommandRunner {
  readonly #compiled: CompiledDocument;
  readonly #name: DocumentName;
  /** `undefined` while the document does not exist. */
  body: DocumentBody | undefined;
  /** Outcomes of a document that was deleted, for as long as there is none. */
  buried: MarkerLedger | undefined;
  seq: number;

  constructor(compiled: CompiledDocument, name: DocumentName, seq: number, loaded: LoadedDocument) {
    this.#compiled = compiled;
    this.#name = name;
    this.seq = smallSeq(seq);
    this.body = loaded.body;
    this.buried = loaded.buried;
  }

  execute(command: DocumentCommand, now: number): CommandOutcome {
    try {
      switch (command.kind) {
        case "create":
          return this.#create(command, now);
        case "message":
          return this.#message(command, now);
        case "connect":
          return this.#connect(command, now);
        case "disconnect":
          return this.#disconnect(command, now);
        case "timer":
          return this.#timer(now);
        case "delete":
          return this.#delete(command, now);
      }
    } catch (thrown) {
      return this.#refused(thrown);
    }
  }

  #refused(thrown: unknown): CommandOutcome {
    const error = refusalOf(thrown);
    if (error.code === "handler_failed") this.#compiled.onFault(error.cause);
    return { status: "refused", error };
  }

  #create({ principal, arg, marker }: Command<"create">, now: number): CommandOutcome {
    const { definition, limits } = this.#compiled;
    const parsed = parseArgument(arg, "arg", limits.argMaxLength);
    const marked = marker === undefined ? undefined : newMarked(principal, marker, commandDigest("create", "", parsed));
    const replay = this.#replay(marked);
    if (replay !== undefined) return replay;
    if (!mayCreate(this.#compiled, this.#name, principal)) throw CommandFault.of(forbidden());
    if (this.body !== undefined) {
      if (!mayConnect(this.#compiled, this.#name, principal, this.body)) throw CommandFault.of(forbidden());
      throw CommandFault.of(ServiceError.answer("already_exists", "the document exists already"));
    }
    const checked = validated(definition.createArg, parsed, "arg");
    return this.#transact(this.#newBody(), principal, now, marked, (body, ctx) => {
      this.#begin(body, checked, ctx);
    });
  }

  #message({ principal, message, arg, marker }: Command<"message">, now: number): CommandOutcome {
    const { messages, limits } = this.#compiled;
    const parsed = parseArgument(arg, "arg", limits.argMaxLength);
    const marked =
      marker === undefined ? undefined : newMarked(principal, marker, commandDigest("message", message, parsed));
    const replay = this.#replay(marked);
    if (replay !== undefined) return replay;
    const body = this.body ?? this.#onDemand(principal);
    const mustBegin = body !== this.body;
    if (!mustBegin && !maySend(this.#compiled, this.#name, principal, body, message))
      throw CommandFault.of(forbidden());
    const known = messages.get(message);
    if (known === undefined) {
      throw CommandFault.of(
        ServiceError.answer("not_found", "the document has no message of this name", {
          details: { parameter: "message" },
        }),
      );
    }
    const { schema, work } = known;
    const checked = validated(schema, parsed, "arg");
    // Without making a function for each message.
    return this.#transact(body, principal, now, marked, mustBegin ? this.#afterBegin(message, work) : work, checked);
  }

  #afterBegin(message: string, work: Work): Work {
    return (body, ctx, arg) => {
      this.#begin(body, undefined, ctx);
      if (!maySend(this.#compiled, this.#name, ctx.principal, body, message)) throw CommandFault.of(forbidden());
      return work(body, ctx, arg);
    };
  }

  #connect({ principal }: Command<"connect">, now: number): CommandOutcome {
    const { definition } = this.#compiled;
    const body = this.body ?? this.#onDemand(principal);
    const mustBegin = body !== this.body;
    if (!mustBegin && !mayConnect(this.#compiled, this.#name, principal, body)) throw CommandFault.of(forbidden());
    const who = body.state.intern(principal);
    const hasHooks = definition.onConnect !== undefined || definition.onDisconnect !== undefined;
    const isNews = hasHooks && !body.connected.has(who);
    if (!mustBegin && !isNews) return this.#done(body.effectSeq);
    return this.#transact(body, principal, now, undefined, (body, ctx) => {
      if (mustBegin) {
        this.#begin(body, undefined, ctx);
        if (!mayConnect(this.#compiled, this.#name, principal, body)) throw CommandFault.of(forbidden());
      }
      if (!isNews) return;
      body.connected.add(who);
      refusePromise(definition.onConnect?.(body.state.root, ctx), "handlers");
    });
  }

  #disconnect({ principal }: Command<"disconnect">, now: number): CommandOutcome {
    const { body } = this;
    if (body === undefined) return this.#done(this.seq);
    const who = body.state.intern(principal);
    if (!body.connected.has(who)) return this.#done(body.effectSeq);
    const { onDisconnect } = this.#compiled.definition;
    const leave = (body: DocumentBody): void => body.connected.remove(who);
    return this.#transactOrElse(body, principal, now, leave, (body, ctx) => onDisconnect?.(body.state.root, ctx));
  }

  #timer(now: number): CommandOutcome {
    const { body } = this;
    if (body === undefined) return this.#done(this.seq);
    const { wakeAt } = body;
    if (wakeAt === undefined || wakeAt > now) return this.#done(body.effectSeq);
    if (!body.cron.isCurrent) return this.#transact(body, cronPrincipal, now, undefined, () => body.cron.adopt(now));
    const timer = body.timers.first;
    return timer?.dueAt === wakeAt ? this.#runTimer(body, timer, now) : this.#runCron(body, body.cron.first!, now);
  }

  #runTimer(body: DocumentBody, timer: DurableTimer, now: number): CommandOutcome {
    const drop = (body: DocumentBody): void => void body.timers.remove(timer.id);
    return this.#transactOrElse(body, timer.principal, now, drop, (body, ctx) => {
      const handler = this.#compiled.definition.timers[timer.name];
      if (handler === undefined) throw new StateError(`the document has no timer "${timer.name}" any more`);
      return handler(body.state.root, timer.arg, ctx);
    });
  }

  /** The next run is settled first, so that a handler that fails is not called again at once. */
  #runCron(body: DocumentBody, { name, dueAt }: CronTimer, now: number): CommandOutcome {
    const advance = (body: DocumentBody): void => body.cron.advance(name, now);
    return this.#transactOrElse(body, cronPrincipal, now, advance, (body, ctx) =>
      this.#compiled.cron.get(name)!.run(body.state.root, ctx, dueAt),
    );
  }

  #delete({ principal }: Command<"delete">, now: number): CommandOutcome {
    const { body } = this;
    if (body === undefined) {
      if (!mayConnect(this.#compiled, this.#name, principal, undefined)) throw CommandFault.of(forbidden());
      throw CommandFault.of(notFound());
    }
    if (!mayDelete(this.#compiled, this.#name, principal, body)) throw CommandFault.of(forbidden());
    body.hub.detachAll();
    body.markers.forgetOld(now);
    this.buried = body.markers;
    this.body = undefined;
    this.seq++;
    return this.#done(this.seq);
  }

  /** A body for a document that begins with this command; nobody sees it unless the command succeeds. */
  #onDemand(principal: Principal): DocumentBody {
    if (!mayConnect(this.#compiled, this.#name, principal, undefined)) throw CommandFault.of(forbidden());
    if (!this.#compiled.definition.createsOnDemand) throw CommandFault.of(notFound());
    return this.#newBody();
  }

  #newBody(): DocumentBody {
    const body = new DocumentBody(this.#compiled);
    if (this.buried !== undefined) body.markers.inherit(this.buried);
    return body;
  }

  #begin(body: DocumentBody, arg: unknown, ctx: HandlerContext): void {
    body.begin(ctx.now);
    refusePromise(this.#compiled.definition.onCreate?.(body.state.root, arg, ctx), "handlers");
    const missing = missingValue(body.state.root);
    if (missing !== undefined) throw new StateError(`onCreate leaves ${missing.path} without a value: it is required`);
  }

  /** Runs `work` after `first`; if it fails, `first` happens alone. */
  #transactOrElse(
    body: DocumentBody,
    principal: Principal,
    now: number,
    first: (body: DocumentBody) => void,
    work: Work,
  ): CommandOutcome {
    const outcome = this.#transact(body, principal, now, undefined, (body, ctx) => {
      first(body);
      return work(body, ctx, undefined);
    });
    if (outcome.status === "done") return outcome;
    const alone = this.#transact(body, principal, now, undefined, first);
    return alone.status === "done" ? outcome : alone;
  }

  #transact(
    body: DocumentBody,
    principal: Principal,
    now: number,
    marked: Marked | undefined,
    work: Work,
    arg?: unknown,
  ): CommandOutcome {
    const { state, random } = body;
    const { stateMaxBytes } = this.#compiled.limits;
    const isNew = body !== this.body;
    const draws = random.draws;
    random.save();
    const ctx = new HandlerContext(body, this.#name, state.intern(principal), now);
    let value: string | undefined;
    state.begin(this.seq + 1);
    try {
      const result = work(body, ctx, arg);
      refusePromise(result, "handlers");
      if (ctx.rejection !== undefined) throw ctx.rejection;
      value = this.#valueText(result);
      if (state.bytes > stateMaxBytes) throw new LimitError("stateMaxBytes", stateMaxBytes);
      if (marked !== undefined) body.markers.reserve(value, now);
    } catch (thrown) {
      ctx.close();
      state.rollback();
      random.restore();
      // Not thrown on: that costs as much as the rollback.
      return this.#refused(ctx.rejection ?? thrown);
    }
    ctx.close();
    const seq = this.seq + 1;
    if (isNew) state.root.$commitNew(seq);
    const hasEffect = state.commit() || isNew || random.draws !== draws;
    if (hasEffect) body.effectSeq = seq;
    if (hasEffect || marked !== undefined) this.seq = seq;
    this.body = body;
    this.buried = undefined;
    if (marked === undefined) return this.#done(body.effectSeq, value);
    const outcome = { seq: body.effectSeq, durableSeq: this.seq, value };
    body.markers.remember(marked.key, marked.digest, outcome, now);
    return this.#done(outcome.seq, value, outcome.durableSeq);
  }

  #valueText(result: unknown): string | undefined {
    if (result === undefined) return undefined;
    const { valueMaxLength } = this.#compiled.limits;
    const value = JSON.stringify(result) as string | undefined;
    if (value !== undefined && value.length > valueMaxLength) throw new LimitError("valueMaxLength", valueMaxLength);
    return value;
  }

  #replay(marked: Marked | undefined): CommandOutcome | undefined {
    const known = marked === undefined ? undefined : (this.body?.markers ?? this.buried)?.find(marked.key);
    if (marked === undefined || known === undefined) return undefined;
    if (known.digest !== marked.digest) {
      throw CommandFault.of(
        invalidArgument("this marker was used for another message or argument", { reason: "marker_reused" }),
      );
    }
    return { ...this.#done(known.seq, known.value, known.durableSeq), isReplay: true };
  }

  #done(seq: number, value?: string, durableSeq?: number): Extract<CommandOutcome, { status: "done" }> {
    const status = "done";
    const isReplay = false;
    if (durableSeq === undefined || durableSeq === seq) {
      return value === undefined ? { status, seq, isReplay } : { status, seq, value, isReplay };
    }
    return value === undefined ? { status, seq, isReplay, durableSeq } : { status, seq, value, isReplay, durableSeq };
  }
}

function newMarked(principal: Principal, marker: string, digest: string): Marked {
  return { key: markerKey(principal, marker), digest };
}
