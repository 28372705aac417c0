import { type DocumentName, documentName, type Principal, ServiceError } from "@tidewire/foundation";
import { type Authentication, bearerToken } from "../auth/authenticator.ts";
import type { EdgeLimits } from "../limits.ts";
import type { SessionModules } from "../session/session.ts";
import type { OriginPolicy } from "./cross-origin.ts";
import { DocumentResource } from "./document-resource.ts";
import { errorResponse, noSuchPath, upgradeRequired, wrongMethod } from "./error-response.ts";
import { EventStream } from "./event-stream.ts";
import type { HttpAnswer, HttpRequest } from "./http-message.ts";
import { PollSessions } from "./poll-sessions.ts";

type Handler = (request: HttpRequest) => Promise<HttpAnswer>;
/** What a path offers, by method. */
type Resource = Readonly<Record<string, Handler>>;

/** Everything under `/v1` that is not the socket: the same documents over plain HTTP. */
export class HttpApi {
  readonly #modules: SessionModules;
  readonly #limits: EdgeLimits;
  readonly #origins: OriginPolicy;
  readonly #documents: DocumentResource;
  readonly #polls: PollSessions;
  #inFlight = 0;

  constructor(modules: SessionModules, origins: OriginPolicy, limits: EdgeLimits) {
    this.#modules = modules;
    this.#limits = limits;
    this.#origins = origins;
    this.#documents = new DocumentResource(modules, limits);
    this.#polls = new PollSessions(modules, limits);
  }

  /** Whether a path is the API's; everything else may be a file. */
  static isApiPath(path: string): boolean {
    return path === "/v1" || path.startsWith("/v1/");
  }

  /** Never rejects. */
  async handle(request: HttpRequest): Promise<HttpAnswer> {
    const startedAt = this.#modules.clock.monotonicMs();
    this.#inFlight++;
    const answer = await this.#answer(request);
    this.#inFlight--;
    const outcome = answer.status < 400 ? "ok" : String(answer.status);
    this.#modules.metrics.requests.add(1, { method: `http/${metricMethod(request.method)}`, outcome });
    this.#modules.metrics.requestSeconds.observe((this.#modules.clock.monotonicMs() - startedAt) / 1_000, {
      method: `http/${metricMethod(request.method)}`,
    });
    return { ...answer, headers: { ...answer.headers, ...this.#origins.headersFor(request) } };
  }

  async #answer(request: HttpRequest): Promise<HttpAnswer> {
    try {
      if (this.#inFlight > this.#limits.httpRequestsMax) {
        throw new ServiceError("overloaded", "too many requests wait for their answer");
      }
      if (!this.#origins.allows(request.header("origin"))) {
        throw new ServiceError("forbidden", "this origin is not allowed");
      }
      const resource = this.#resourceAt(request.path);
      if (resource === undefined) return noSuchPath();
      if (request.method === "OPTIONS") return this.#origins.preflight(request);
      const handler = Object.hasOwn(resource, request.method) ? resource[request.method] : undefined;
      return handler === undefined ? wrongMethod(Object.keys(resource)) : await handler(request);
    } catch (thrown) {
      const error = ServiceError.from(thrown);
      if (error.code === "internal") this.#modules.logger.error({ err: error.cause ?? error }, "request failed");
      this.#modules.metrics.errors.add(1, { code: error.code });
      return errorResponse(error);
    }
  }

  #resourceAt(path: string): Resource | undefined {
    const [root, version, collection, ...rest] = path.split("/");
    if (root !== "" || version !== "v1") return undefined;
    if (collection === "documents") return this.#documentResourceAt(rest);
    if (collection === "poll" && rest.length === 0) return { POST: (request) => this.#polls.create(request) };
    if (collection === "poll" && rest.length === 1 && rest[0] !== "") {
      return { POST: (request) => this.#polls.post(request, rest[0]!) };
    }
    if (collection === "socket" && rest.length === 0) return { GET: () => Promise.resolve(upgradeRequired()) };
    return undefined;
  }

  #documentResourceAt(rest: readonly string[]): Resource | undefined {
    const [space, key, part, message] = rest;
    if (space === undefined || key === undefined) return undefined;
    const name = (): DocumentName => documentName(decoded(space), decoded(key));
    const documents = this.#documents;
    if (rest.length === 2) {
      const get = this.#authenticated((request, authentication) => documents.get(request, authentication, name()));
      return {
        GET: get,
        HEAD: get,
        PUT: this.#authenticated((request, { principal }) => documents.create(request, principal, name())),
        DELETE: this.#authenticated((request, { principal }) => documents.delete(request, principal, name())),
      };
    }
    if (rest.length === 3 && part === "stream") {
      return { GET: this.#authenticated((request, authentication) => this.#stream(request, authentication, name())) };
    }
    if (rest.length === 4 && part === "messages" && message !== "") {
      const send = (request: HttpRequest, principal: Principal): Promise<HttpAnswer> =>
        documents.send(request, principal, name(), decoded(message!));
      return { POST: this.#authenticated((request, { principal }) => send(request, principal)) };
    }
    return undefined;
  }

  #authenticated(handler: (request: HttpRequest, authentication: Authentication) => Promise<HttpAnswer>): Handler {
    return async (request) => {
      const { authenticator, admission, metrics } = this.#modules;
      admission.admit("authentication");
      try {
        const authentication = await authenticator.authenticate(bearerToken(request.header("authorization")));
        metrics.authentications.add(1, { outcome: "ok" });
        return await handler(request, authentication);
      } catch (error) {
        const { code } = ServiceError.from(error);
        if (code === "unauthenticated" || code === "token_expired") metrics.authentications.add(1, { outcome: code });
        throw error;
      }
    };
  }

  #stream(request: HttpRequest, authentication: Authentication, name: DocumentName): Promise<HttpAnswer> {
    return new EventStream(this.#modules, request, { authentication, name }, this.#limits).answered;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ServiceError("invalid_argument", "the path is not well encoded", { details: { parameter: "path" } });
  }
}

/** Labels come from a small fixed set, whatever a client sends. */
function metricMethod(method: string): string {
  return ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"].includes(method) ? method.toLowerCase() : "other";
}
