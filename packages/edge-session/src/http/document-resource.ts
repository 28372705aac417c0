import { type Clock, type DocumentName, type Principal, ServiceError } from "@tidewire/foundation";
import { readUpFrame, type UpRequest } from "@tidewire/protocol-client";
import type { Authentication } from "../auth/authenticator.ts";
import type { DocumentCalls, DocumentView } from "../hosts/document-calls.ts";
import { matchesTag, stateTag } from "./entity-tag.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "./http-message.ts";

export interface DocumentResourceModules {
  readonly calls: DocumentCalls;
  readonly clock: Clock;
}

/** A waiting GET looks this often, at first and at last; the host has no way to be asked to wait without a viewer. */
const WAIT_POLL_FIRST_MS = 100;
const WAIT_POLL_LAST_MS = 1_000;

/** GET, PUT and DELETE of a document, and POST of a message to it. */
export class DocumentResource {
  readonly #modules: DocumentResourceModules;
  readonly #waitMaxMs: number;

  constructor(modules: DocumentResourceModules, options: { readonly viewWaitMaxMs: number }) {
    this.#modules = modules;
    this.#waitMaxMs = options.viewWaitMaxMs;
  }

  async get(request: HttpRequest, authentication: Authentication, name: DocumentName): Promise<HttpResponse> {
    const { principal, expiresAt = Number.POSITIVE_INFINITY } = authentication;
    // Nobody waits beyond the end of the token.
    const waitMs = Math.min(this.#waitOf(request), expiresAt - this.#modules.clock.wallMs());
    checkedRequest({ method: "document/get", ...name });
    const ifNoneMatch = request.header("if-none-match");
    const isKnown = (view: DocumentView): boolean => matchesTag(ifNoneMatch, stateTag(view.seq, view.hash));
    let view = await this.#modules.calls.get(principal, name);
    if (waitMs > 0 && isKnown(view)) view = await this.#untilChanged(request, principal, name, waitMs, isKnown, view);
    const headers = {
      ETag: `"${stateTag(view.seq, view.hash)}"`,
      "Tidewire-Seq": String(view.seq),
      "Cache-Control": "private, no-cache",
    };
    if (isKnown(view)) return { kind: "response", status: 304, headers };
    // For HEAD too: the body's length belongs to its head, and the engine leaves the body away.
    return { ...jsonResponse(200, "", headers), body: view.json };
  }

  async create(request: HttpRequest, principal: Principal, name: DocumentName): Promise<HttpResponse> {
    const create = checkedRequest({ method: "document/create", ...name, ...argOf(request), ...markerOf(request) });
    const { seq } = await this.#modules.calls.create(principal, name, create);
    return jsonResponse(201, JSON.stringify({ seq }), { "Tidewire-Seq": String(seq), "Cache-Control": "no-store" });
  }

  async delete(_request: HttpRequest, principal: Principal, name: DocumentName): Promise<HttpResponse> {
    checkedRequest({ method: "document/delete", ...name });
    await this.#modules.calls.delete(principal, name);
    return { kind: "response", status: 204, headers: {} };
  }

  async send(request: HttpRequest, principal: Principal, name: DocumentName, message: string): Promise<HttpResponse> {
    const send = checkedRequest({ method: "message/send", ...name, message, ...argOf(request), ...markerOf(request) });
    const { seq, value } = await this.#modules.calls.send(principal, name, send);
    const json = value === undefined ? `{"seq":${seq}}` : `{"seq":${seq},"value":${value}}`;
    return jsonResponse(200, json, { "Tidewire-Seq": String(seq), "Cache-Control": "no-store" });
  }

  #waitOf(request: HttpRequest): number {
    const wait = new URLSearchParams(request.query).get("wait");
    if (wait === null) return 0;
    const seconds = wait.trim() === "" ? Number.NaN : Number(wait);
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw new ServiceError("invalid_argument", "wait must be a number of seconds", {
        details: { parameter: "wait" },
      });
    }
    return Math.min(seconds * 1_000, this.#waitMaxMs);
  }

  async #untilChanged(
    request: HttpRequest,
    principal: Principal,
    name: DocumentName,
    waitMs: number,
    isKnown: (view: DocumentView) => boolean,
    current: DocumentView,
  ): Promise<DocumentView> {
    const { clock, calls } = this.#modules;
    const deadlineAt = clock.monotonicMs() + waitMs;
    const client = { isGone: false };
    request.onAborted(() => {
      client.isGone = true;
    });
    let view = current;
    for (let pauseMs = WAIT_POLL_FIRST_MS; isKnown(view) && !client.isGone; pauseMs *= 1.5) {
      const leftMs = deadlineAt - clock.monotonicMs();
      if (leftMs <= 0) break;
      await new Promise<void>((resolve) => {
        clock.after(Math.min(leftMs, pauseMs, WAIT_POLL_LAST_MS), resolve);
      });
      view = await calls.get(principal, name);
    }
    return view;
  }
}

/** HTTP requests are checked by the rules of the socket: the same parameters under the same names. */
function checkedRequest<Method extends UpRequest["method"]>(
  fields: { readonly method: Method } & Readonly<Record<string, unknown>>,
): Extract<UpRequest, { readonly method: Method }> {
  const frame = readUpFrame({ id: 1, ...fields });
  if (frame.kind === "refused") throw frame.error;
  if (frame.kind !== "request") throw new ServiceError("internal", "a request of ours is no frame");
  return frame.request as Extract<UpRequest, { readonly method: Method }>;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The body as JSON; an empty one is no argument. Throws `invalid_argument`. */
function argOf(request: HttpRequest): { readonly arg?: unknown } {
  return request.body.length === 0 ? {} : { arg: parsedBody(request) };
}

export function parsedBody(request: HttpRequest): unknown {
  try {
    return JSON.parse(utf8.decode(request.body));
  } catch {
    throw new ServiceError("invalid_argument", "the body must be JSON in UTF-8", { details: { parameter: "body" } });
  }
}

function markerOf(request: HttpRequest): { readonly marker?: string } {
  const marker = request.header("idempotency-key");
  return marker === undefined ? {} : { marker };
}
