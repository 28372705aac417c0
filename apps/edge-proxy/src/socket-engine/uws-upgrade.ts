import type { HttpResponse as UwsResponse, us_socket_context_t } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";
import { type UpgradeDecision, upgradeRequired } from "@tidewire/edge-session";
import type { AcceptedUpgrade, SocketHandlers } from "./socket-engine.ts";
import type { UwsRequestHead } from "./uws-http.ts";
import type { UwsSocketData } from "./uws-transport.ts";

/**
 * uWS loses some of the sockets that are upgraded after their handler has returned: of 1,200 opened by 30 clients up to
 * five were dropped without a close frame, and none of 9,600 that were upgraded inside of it. Microtasks still run inside,
 * so a decision gets this many of them. What takes longer (a signature) goes on after the upgrade.
 */
const MICROTASKS_MAX = 64;

/** An upgrade whose token may still be looked at, with the frames the client has sent meanwhile. */
export class PendingUpgrade {
  readonly #decision: Promise<UpgradeDecision>;
  readonly #fallback: AcceptedUpgrade;
  #settled: AcceptedUpgrade | undefined;
  #held: string[] = [];
  #heldLength = 0;

  /** @param fallback is what the socket becomes if the token is refused: a session that nobody has authenticated. */
  constructor(decision: Promise<UpgradeDecision>, settled: AcceptedUpgrade | undefined, fallback: AcceptedUpgrade) {
    this.#decision = decision;
    this.#settled = settled;
    this.#fallback = fallback;
  }

  /** Calls back at once if the decision is there, else when it is. */
  whenAccepted(listener: (accepted: AcceptedUpgrade) => void): void {
    if (this.#settled !== undefined) listener(this.#settled);
    else void this.#settle(listener);
  }

  /** `false` if it would be more than one frame's worth. */
  hold(text: string, lengthMax: number): boolean {
    this.#heldLength += text.length;
    if (this.#heldLength > lengthMax) return false;
    this.#held.push(text);
    return true;
  }

  takeHeld(): string[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  async #settle(listener: (accepted: AcceptedUpgrade) => void): Promise<void> {
    const decision = await this.#decision;
    this.#settled = decision.kind === "accept" ? decision : this.#fallback;
    listener(this.#settled);
  }
}

/** Answers a request for a socket. A refusal that is known at once is an HTTP answer. */
export async function upgradeSocket(
  res: UwsResponse,
  head: UwsRequestHead,
  context: us_socket_context_t,
  handlers: SocketHandlers,
): Promise<void> {
  let isAborted = false;
  res.onAborted(() => {
    isAborted = true;
  });
  const { headers, address } = head;
  // uWS takes any version.
  if (headers.get("sec-websocket-version") !== "13") {
    refuse(res, { kind: "refuse", response: upgradeRequired() });
    return;
  }
  const begun = handlers.beginUpgrade({ address, header: (name) => headers.get(name) });
  let decision: UpgradeDecision | undefined;
  void begun.decision.then((settled) => {
    decision = settled;
    return settled;
  });
  for (let turn = 0; decision === undefined && turn < MICROTASKS_MAX; turn++) await Promise.resolve();
  if (isAborted) return;
  if (decision?.kind === "refuse") {
    refuse(res, decision);
    return;
  }
  const { subprotocol } = begun;
  const fallback: AcceptedUpgrade = { kind: "accept", address, subprotocol, authentication: undefined };
  const upgrade = new PendingUpgrade(begun.decision, decision, fallback);
  res.cork(() => {
    res.upgrade<UwsSocketData>(
      { upgrade, transport: undefined, events: undefined },
      headers.get("sec-websocket-key") ?? "",
      subprotocol ?? "",
      headers.get("sec-websocket-extensions") ?? "",
      context,
    );
  });
}

function refuse(res: UwsResponse, { response }: Extract<UpgradeDecision, { readonly kind: "refuse" }>): void {
  res.cork(() => {
    res.writeStatus(`${response.status} ${STATUS_CODES[response.status] ?? ""}`);
    for (const [name, value] of Object.entries(response.headers)) res.writeHeader(name, value);
    res.end(response.body, true);
  });
}
