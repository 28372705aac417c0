import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { ServiceError } from "@tidewire/foundation";
import { type LinkConnection, LinkError } from "@tidewire/link";
import { DiallingSession, defaultSessionLimits } from "@tidewire/link/session";
import { parsedAddress } from "./address.ts";
import { BinaryCarrier } from "./binary-carrier.ts";
import { channelBinding } from "./channel-binding.ts";
import { ControlType } from "./frame.ts";
import { DialHandshake } from "./handshake/handshake.ts";
import { connectAndRead, connectTlsAndRead, type ReadTarget } from "./socket-reader.ts";
import type { TransportContext } from "./transport-context.ts";

/** Connects and shakes hands; throws a `LinkError`. */
export async function dial(context: TransportContext, address: string): Promise<LinkConnection> {
  try {
    const connection = await new Dialling(context, address).connection;
    context.metrics.handshakes.add(1, { side: "dialling", result: "open" });
    return connection;
  } catch (thrown) {
    context.metrics.handshakes.add(1, { side: "dialling", result: ServiceError.from(thrown).code });
    throw thrown;
  }
}

/** One attempt. */
class Dialling {
  readonly connection: Promise<LinkConnection>;
  readonly #context: TransportContext;
  #handshake: DialHandshake | undefined;
  #carrier: BinaryCarrier | undefined;
  #settle: { resolve(connection: LinkConnection): void; reject(error: LinkError): void } | undefined;

  constructor(context: TransportContext, address: string) {
    this.#context = context;
    const { clock } = context.carrier;
    const timer = clock.after(context.limits.handshakeTimeoutMs, () =>
      this.#failed(new LinkError("timeout", `${address} did not answer in time`, false)),
    );
    this.connection = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#connect(address);
    });
    this.connection.then(
      () => timer.cancel(),
      () => timer.cancel(),
    );
  }

  #connect(address: string): void {
    const { certificate, limits } = this.#context;
    const target: ReadTarget = (bytes, length) => this.#carrier?.read(bytes, length);
    const at = parsedAddress(address);
    const socket = certificate === undefined ? connectAndRead(at, target) : connectTlsAndRead(at, certificate, target);
    const carrier = new BinaryCarrier(socket, this.#context.carrier, limits, {
      greeter: {
        frame: (type, body) => this.#answered(carrier, type, body),
        strange: (cause) => this.#failed(notALink(cause)),
      },
      flushesAfterRead: false,
    });
    this.#carrier = carrier;
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("end", () => {
      this.#failed(new LinkError("unavailable", `${address} closed the connection during the handshake`, false));
      carrier.ended();
    });
    socket.on("close", () => {
      const why = failure?.message ?? "the connection was closed during the handshake";
      this.#failed(new LinkError("unavailable", `${address}: ${why}`, false, { cause: failure }));
      carrier.gone(failure);
    });
    socket.on(certificate === undefined ? "connect" : "secureConnect", () => this.#greet(carrier, socket));
  }

  #greet(carrier: BinaryCarrier, socket: Socket | TLSSocket): void {
    const { introduction, keys } = this.#context;
    this.#handshake = new DialHandshake(introduction, keys[0], channelBinding(socket));
    carrier.greet(ControlType.hello, this.#handshake.hello);
  }

  #answered(carrier: BinaryCarrier, type: number, body: Parameters<DialHandshake["answered"]>[1]): void {
    const { limits, carrier: modules } = this.#context;
    try {
      if (this.#handshake === undefined) throw new LinkError("unsupported", "the peer spoke first", false);
      const { agreement, proof } = this.#handshake.answered(type, body);
      carrier.greet(ControlType.proof, proof);
      const session = new DiallingSession(
        { ...modules, carrier, failures: this.#context.failures.dialling },
        agreement.peer,
        {
          ...defaultSessionLimits,
          inFlightMax: limits.inFlightMax,
          behindCallsMax: limits.behindCallsMax,
        },
      );
      carrier.attach(session, agreement.heartbeatMs);
      this.#context.joined("dialling", carrier);
      session.onClose(() => this.#context.left("dialling", carrier));
      this.#settle?.resolve(session);
      this.#settle = undefined;
    } catch (thrown) {
      const error = thrown instanceof LinkError ? thrown : notALink(thrown);
      this.#failed(error);
    }
  }

  #failed(error: LinkError): void {
    if (this.#settle === undefined) return;
    this.#settle.reject(error);
    this.#settle = undefined;
    this.#carrier?.abort(error);
  }
}

function notALink(cause: unknown): LinkError {
  return new LinkError("unsupported", "the peer does not speak this link", false, { cause });
}
