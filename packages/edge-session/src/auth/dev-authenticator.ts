import { ServiceError } from "@tidewire/foundation";
import type { Authentication, Authenticator, IdSource } from "./authenticator.ts";

const DEV_TOKEN = /^dev:([A-Za-z0-9._-]{1,64})$/;

export const ANONYMOUS_AUTHORITY = "anonymous";

/** Believes everyone: `dev:alice` is alice, no token is somebody new. For development on loopback. */
export class DevAuthenticator implements Authenticator {
  readonly #newId: IdSource;

  constructor(newId: IdSource) {
    this.#newId = newId;
  }

  authenticate(token: string | undefined): Promise<Authentication> {
    if (token === undefined) {
      return Promise.resolve({ principal: { agent: this.#newId(), authority: ANONYMOUS_AUTHORITY } });
    }
    const agent = DEV_TOKEN.exec(token)?.[1];
    return agent === undefined
      ? Promise.reject(new ServiceError("unauthenticated", "a dev token is dev: and 1 to 64 of [A-Za-z0-9._-]"))
      : Promise.resolve({ principal: { agent, authority: "dev" } });
  }
}
