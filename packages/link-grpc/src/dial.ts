import type { Socket } from "node:net";
import { Client, type ServiceError as GrpcError, Metadata, status } from "@grpc/grpc-js";
import { type ErrorCode, ServiceError } from "@tidewire/foundation";
import { type LinkConnection, LinkError } from "@tidewire/link";
import { DiallingSession, defaultSessionLimits } from "@tidewire/link/session";
import { type Agreement, ControlType, DialHandshake } from "@tidewire/link-binary/handshake";
import type { Reader } from "@tidewire/wire";
import { channelOptions } from "./channel-options.ts";
import { channelCredentials, serverNameOptions } from "./credentials.ts";
import { GrpcCarrier } from "./grpc-carrier.ts";
import { withoutRetryBuffer } from "./grpc-internals.ts";
import type { GrpcCall } from "./grpc-pipe.ts";
import { CONTROL_PATH, identity, READY_TYPE, STREAM_PATH, TOKEN_KEY } from "./service.ts";
import type { TransportContext } from "./transport-context.ts";

const NO_BINDING = new Uint8Array(0);

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

/** One attempt: a channel of its own, so that its end is the end of the connection. */
class Dialling {
  readonly connection: Promise<LinkConnection>;
  readonly #context: TransportContext;
  readonly #client: Client;
  readonly #handshake: DialHandshake;
  readonly #streamMetadata = new Metadata();
  #agreement: Agreement | undefined;
  #socket: Socket | undefined;
  #settle: { resolve(connection: LinkConnection): void; reject(error: LinkError): void } | undefined;

  constructor(context: TransportContext, address: string) {
    this.#context = context;
    const { limits, carrier: modules, introduction, keys } = context;
    const options = { ...channelOptions(limits), ...serverNameOptions(context.certificate) };
    const credentials = channelCredentials(context.certificate, (socket) => this.#connected(socket));
    this.#client = new Client(address, credentials, options);
    if (modules.tuning === "internals") withoutRetryBuffer(this.#client);
    this.#handshake = new DialHandshake(introduction, keys[0], NO_BINDING);
    const carrier: GrpcCarrier = new GrpcCarrier(this.#call(CONTROL_PATH, new Metadata()), modules, limits, {
      greeter: {
        frame: (type, body) => this.#answered(carrier, type, body),
        over: (cause) => this.#failed(carrier, errorOf(address, cause)),
      },
      openCall: context.shape === "multiplexed" ? undefined : () => this.#call(STREAM_PATH, this.#streamMetadata),
    });
    const timer = modules.clock.after(limits.handshakeTimeoutMs, () =>
      this.#failed(carrier, new LinkError("timeout", `${address} did not answer in time`, false)),
    );
    this.connection = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.connection.then(
      () => timer.cancel(),
      () => timer.cancel(),
    );
    carrier.greet(ControlType.hello, this.#handshake.hello);
  }

  #connected(socket: Socket): void {
    this.#socket = socket;
    if (this.#settle === undefined) socket.destroy();
  }

  #call(path: string, metadata: Metadata): GrpcCall {
    return this.#client.makeBidiStreamRequest(path, identity, identity, metadata);
  }

  #answered(carrier: GrpcCarrier, type: number, body: Reader): void {
    try {
      if (this.#agreement !== undefined) this.#ready(carrier, this.#agreement, type, body);
      else {
        const { agreement, proof } = this.#handshake.answered(type, body);
        this.#agreement = agreement;
        carrier.greet(ControlType.proof, proof);
      }
    } catch (thrown) {
      this.#failed(carrier, thrown instanceof LinkError ? thrown : notALink(thrown));
    }
  }

  /** The listener has checked our proof, too, and gave the connection its token. */
  #ready(carrier: GrpcCarrier, agreement: Agreement, type: number, body: Reader): void {
    if (type !== READY_TYPE) throw notALink(undefined);
    const token = Buffer.from(body.buffer.subarray(body.position, body.end)).toString("hex");
    this.#streamMetadata.set(TOKEN_KEY, token);
    const { limits, carrier: modules } = this.#context;
    const session = new DiallingSession(
      { ...modules, carrier, failures: this.#context.failures.dialling },
      agreement.peer,
      {
        ...defaultSessionLimits,
        inFlightMax: limits.inFlightMax,
      },
    );
    carrier.attach(session);
    this.#context.joined("dialling", carrier);
    session.onClose(() => {
      this.#context.left("dialling", carrier);
      this.#client.close();
    });
    this.#settle?.resolve(session);
    this.#settle = undefined;
  }

  #failed(carrier: GrpcCarrier, error: LinkError): void {
    if (this.#settle === undefined) return;
    this.#settle.reject(error);
    this.#settle = undefined;
    carrier.abort(error);
    this.#client.close();
    this.#socket?.destroy();
  }
}

function notALink(cause: unknown): LinkError {
  return new LinkError("unsupported", "the peer does not speak this link", false, { cause });
}

function errorOf(address: string, cause: unknown): LinkError {
  if (!(cause instanceof Error)) return notALink(cause);
  const code: ErrorCode = (cause as Partial<GrpcError>).code === status.UNIMPLEMENTED ? "unsupported" : "unavailable";
  return new LinkError(code, `${address}: ${cause.message}`, false, { cause });
}
