import { type Clock, type DocumentName, type Principal, type Random, ServiceError } from "@tidewire/foundation";
import type { LinkCaller, PeerCallOptions } from "@tidewire/link";
import { type CreateResponse, HostService, type SendResponse } from "@tidewire/protocol-host";
import type { DocumentDirectory } from "../routing/document-directory.ts";
import { mayRepeat, outcomeUnknown, pauseUnlessOwnerChanges, RetryPauses } from "./call-retry.ts";
import { type HostLinks, LINK_WAIT_MS } from "./host-links.ts";

export interface DocumentCallModules {
  readonly directory: DocumentDirectory;
  readonly links: HostLinks;
  readonly clock: Clock;
  readonly random: Random;
}

export interface DocumentView {
  readonly seq: number;
  readonly hash: string;
  /** Plain JSON in UTF-8. */
  readonly json: Uint8Array;
}

export interface CreateParameters {
  /** JSON text. */
  readonly arg?: string | undefined;
  readonly marker?: string | undefined;
}

export interface SendParameters extends CreateParameters {
  readonly message: string;
}

/** What every request to a host begins with. */
interface Target extends DocumentName {
  readonly tableVersion: number;
}

/** How long a request waits for the first host of an empty table. */
const PLACEMENT_WAIT_MS = 2_000;

/**
 * One-shot requests to whichever host owns the document. Within the deadline a request follows the document from host to
 * host; one without a marker is never made twice if the first attempt may have had an effect.
 */
export class DocumentCalls {
  readonly #modules: DocumentCallModules;
  readonly #deadlineMs: number;

  constructor(modules: DocumentCallModules, options: { readonly requestDeadlineMs: number }) {
    this.#modules = modules;
    this.#deadlineMs = options.requestDeadlineMs;
  }

  create(principal: Principal, name: DocumentName, parameters: CreateParameters): Promise<CreateResponse> {
    const { arg, marker } = parameters;
    return this.#run(name, marker !== undefined, (link, target, options) =>
      link.call(HostService.methods.create, { ...target, principal, arg, marker }, options),
    );
  }

  async get(principal: Principal, name: DocumentName): Promise<DocumentView> {
    const { seq, hash, view } = await this.#run(name, true, (link, target, options) =>
      link.call(HostService.methods.get, { ...target, principal }, options),
    );
    // The bytes belong to the link.
    return { seq, hash, json: view.slice() };
  }

  async delete(principal: Principal, name: DocumentName): Promise<void> {
    // A second deletion would answer `not_found`, so this one is not repeatable for its caller.
    await this.#run(name, false, (link, target, options) =>
      link.call(HostService.methods.delete, { ...target, principal }, options),
    );
  }

  send(principal: Principal, name: DocumentName, parameters: SendParameters): Promise<SendResponse> {
    const { message, arg, marker } = parameters;
    return this.#run(name, marker !== undefined, (link, target, options) =>
      link.call(HostService.methods.send, { ...target, principal, message, arg, marker }, options),
    );
  }

  async #run<Response>(
    name: DocumentName,
    isRepeatable: boolean,
    attempt: (link: LinkCaller, target: Target, options: PeerCallOptions) => Promise<Response>,
  ): Promise<Response> {
    const { clock, directory, links, random } = this.#modules;
    const deadlineAt = clock.monotonicMs() + this.#deadlineMs;
    const pauses = new RetryPauses(random);
    for (;;) {
      const owner = directory.ownerOf(name);
      if (owner === undefined) {
        await this.#firstHost(name);
        continue;
      }
      const leftMs = deadlineAt - clock.monotonicMs();
      if (leftMs <= 0) throw new ServiceError("timeout", "no host answered in time");
      try {
        const options = { deadlineMs: leftMs, waitMs: Math.min(leftMs, LINK_WAIT_MS) };
        const target = { space: name.space, key: name.key, tableVersion: directory.version };
        return await attempt(links.linkTo(owner.address), target, options);
      } catch (thrown) {
        const error = ServiceError.from(thrown);
        const pauseMs = pauses.nextMs(error);
        if (!mayRepeat(error, isRepeatable)) throw outcomeUnknown(error);
        if (clock.monotonicMs() + pauseMs >= deadlineAt) throw error;
        await pauseUnlessOwnerChanges(clock, directory, name, pauseMs);
      }
    }
  }

  async #firstHost(name: DocumentName): Promise<void> {
    const { clock, directory } = this.#modules;
    await pauseUnlessOwnerChanges(clock, directory, name, Math.min(PLACEMENT_WAIT_MS, this.#deadlineMs));
    if (directory.ownerOf(name) === undefined) throw noHosts();
  }
}

export function noHosts(): ServiceError {
  return new ServiceError("unavailable", "no document host is known");
}
