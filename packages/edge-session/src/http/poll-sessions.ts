import { ServiceError } from "@tidewire/foundation";
import { bearerToken } from "../auth/authenticator.ts";
import type { EdgeLimits } from "../limits.ts";
import type { SessionModules } from "../session/session.ts";
import { parsedBody } from "./document-resource.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "./http-message.ts";
import { PollSession } from "./poll-session.ts";

/** `POST /v1/poll` and `POST /v1/poll/{session}`. */
export class PollSessions {
  readonly #modules: SessionModules;
  readonly #limits: EdgeLimits;
  readonly #sessions = new Map<string, PollSession>();

  constructor(modules: SessionModules, limits: EdgeLimits) {
    this.#modules = modules;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  async create(request: HttpRequest): Promise<HttpResponse> {
    const { registry, admission, authenticator } = this.#modules;
    registry.checkRoom(request.address);
    admission.admit("session");
    admission.admit("authentication");
    const authorization = request.header("authorization");
    const token = bearerToken(authorization);
    const authentication = await authenticator.authenticate(token);
    const session: PollSession = new PollSession(
      this.#modules,
      {
        limits: this.#limits,
        transportName: "poll",
        address: request.address,
        authorization,
        // Without a bearer somebody new was assumed; a first session/authenticate may still say who it is.
        ...(token === undefined ? { assumed: authentication } : { authentication }),
        sendsHeartbeats: false,
        idleMs: this.#limits.pollIdleMs,
      },
      () => void this.#sessions.delete(session.id),
    );
    this.#sessions.set(session.id, session);
    return jsonResponse(201, JSON.stringify({ session: session.id }), {
      Location: `/v1/poll/${session.id}`,
      "Cache-Control": "no-store",
    });
  }

  async post(request: HttpRequest, id: string): Promise<HttpResponse> {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new ServiceError("not_found", "there is no such poll session");
    const frames = request.body.length === 0 ? [] : parsedBody(request);
    if (!Array.isArray(frames)) throw new ServiceError("invalid_argument", "the body must be an array of frames");
    return await session.post(request, frames);
  }
}
