import { randomBytes } from "node:crypto";
import { Server, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { ServiceError, type Timer } from "@tidewire/foundation";
import type { LinkListener, ServedMethods } from "@tidewire/link";
import { ServingSession } from "@tidewire/link/session";
import { type Agreement, ControlType, ListenHandshake, rejectBody } from "@tidewire/link-binary/handshake";
import type { Reader } from "@tidewire/wire";
import { serverOptions, WINDOW_BYTES } from "./channel-options.ts";
import { serverCredentials } from "./credentials.ts";
import { GrpcCarrier } from "./grpc-carrier.ts";
import { http2ServersOf, widenWindow } from "./grpc-internals.ts";
import { CONTROL_PATH, identity, READY_TYPE, STREAM_PATH, TOKEN_KEY } from "./service.ts";
import { StrangerBound } from "./stranger-bound.ts";
import type { TransportContext } from "./transport-context.ts";

const NO_BINDING = new Uint8Array(0);
const TOKEN_BYTES = 16;

type BytesCall = ServerDuplexStream<Buffer, Buffer>;

/** Binds and serves; throws `unavailable` when the address cannot be bound. */
export async function listen(
  context: TransportContext,
  address: string,
  services: ServedMethods,
): Promise<LinkListener> {
  const listener = new GrpcLinkListener(context, services);
  await listener.bind(address);
  return listener;
}

class GrpcLinkListener implements LinkListener {
  readonly #context: TransportContext;
  readonly #services: ServedMethods;
  readonly #server: Server;
  readonly #sessions = new Set<ServingSession>();
  readonly #greeting = new Set<GrpcCarrier>();
  /** Open connections by their tokens. */
  readonly #carriers = new Map<string, GrpcCarrier>();
  #strangers: StrangerBound | undefined;
  #address = "";

  constructor(context: TransportContext, services: ServedMethods) {
    this.#context = context;
    this.#services = services;
    this.#server = new Server(serverOptions(context.limits));
    const control = (call: BytesCall): void => this.#accept(call);
    const stream = (call: BytesCall): void => this.#adopt(call);
    this.#server.register(CONTROL_PATH, control, identity, identity, "bidi");
    this.#server.register(STREAM_PATH, stream, identity, identity, "bidi");
  }

  get address(): string {
    return this.#address;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  bind(address: string): Promise<void> {
    const { certificate, limits } = this.#context;
    const credentials = serverCredentials(certificate, limits.handshakeTimeoutMs);
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => {
        if (error === null) {
          if (this.#context.carrier.tuning === "internals") widenWindow(this.#server, WINDOW_BYTES);
          const servers = http2ServersOf(this.#server);
          this.#strangers = new StrangerBound(servers, limits.handshakesMax, (result) => this.#count(result));
          this.#address = `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
          resolve();
        } else {
          const message = `cannot listen on ${address}: ${error.message}`;
          reject(new ServiceError("unavailable", message, { cause: error }));
        }
      });
    });
  }

  async close(graceMs = 0): Promise<void> {
    for (const carrier of this.#greeting) carrier.abort(undefined);
    const areClosed = Promise.all([...this.#sessions].map((session) => session.close(graceMs)));
    // Takes no new connections from here on; those that are open go on until the sessions are closed.
    const isShut = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await areClosed;
    this.#server.forceShutdown();
    // gRPC forgets to report when it dropped one of the HTTP/2 sessions itself, for instance a silent one.
    let timer: Timer | undefined;
    const { carrier: modules, limits } = this.#context;
    const isLate = new Promise<void>((resolve) => {
      timer = modules.clock.after(limits.closeTimeoutMs, resolve);
    });
    await Promise.race([isShut, isLate]);
    timer?.cancel();
  }

  #accept(call: BytesCall): void {
    const { limits } = this.#context;
    const isFull = this.#sessions.size + this.#greeting.size >= limits.connectionsMax;
    if (isFull || this.#greeting.size >= limits.handshakesMax) {
      this.#count("full");
      call.emit("error", Object.assign(new Error("too many connections"), { code: status.RESOURCE_EXHAUSTED }));
      return;
    }
    const accepted = new Accepted(this.#context, call, {
      isOver: (carrier, result) => {
        if (this.#greeting.delete(carrier)) this.#count(result);
      },
      isOpen: (carrier, agreement) => this.#open(carrier, agreement),
    });
    this.#greeting.add(accepted.carrier);
  }

  #open(carrier: GrpcCarrier, agreement: Agreement): void {
    const { limits, carrier: modules } = this.#context;
    const token = randomBytes(TOKEN_BYTES);
    const name = token.toString("hex");
    carrier.greet(READY_TYPE, token);
    const session = new ServingSession(
      { ...modules, carrier, services: this.#services, failures: this.#context.failures.listening },
      agreement.peer,
      limits,
    );
    carrier.attach(session);
    this.#sessions.add(session);
    this.#strangers?.sessionsAre(this.#sessions.size);
    this.#carriers.set(name, carrier);
    this.#context.joined("listening", carrier);
    session.onClose(() => {
      this.#sessions.delete(session);
      this.#strangers?.sessionsAre(this.#sessions.size);
      this.#carriers.delete(name);
      this.#context.left("listening", carrier);
    });
  }

  #adopt(call: BytesCall): void {
    const [token] = call.metadata.get(TOKEN_KEY);
    const carrier = this.#carriers.get(String(token));
    if (carrier !== undefined) carrier.adopt(call);
    else call.emit("error", Object.assign(new Error("no such connection"), { code: status.UNAUTHENTICATED }));
  }

  #count(result: string): void {
    this.#context.metrics.handshakes.add(1, { side: "listening", result });
  }
}

interface AcceptedReports {
  /** The handshake ended, well or not. Only the first report counts. */
  isOver(carrier: GrpcCarrier, result: string): void;
  isOpen(carrier: GrpcCarrier, agreement: Agreement): void;
}

/** A control stream until the end of its handshake. */
class Accepted {
  readonly carrier: GrpcCarrier;
  readonly #context: TransportContext;
  readonly #reports: AcceptedReports;
  readonly #handshake: ListenHandshake;
  readonly #timer: Timer;
  #isGreeted = false;

  constructor(context: TransportContext, call: BytesCall, reports: AcceptedReports) {
    this.#context = context;
    this.#reports = reports;
    const { limits, carrier: modules, introduction, keys } = context;
    this.#handshake = new ListenHandshake(introduction, keys, NO_BINDING);
    this.carrier = new GrpcCarrier(call, modules, limits, {
      greeter: { frame: (type, body) => this.#greeted(type, body), over: () => this.#over("stranger") },
      openCall: undefined,
    });
    this.#timer = modules.clock.after(limits.handshakeTimeoutMs, () => {
      this.#over("timeout");
      this.carrier.abort(undefined);
    });
  }

  #greeted(type: number, body: Reader): void {
    if (this.#isGreeted) {
      const agreement = this.#handshake.proved(type, body);
      this.#over("open");
      this.#reports.isOpen(this.carrier, agreement);
      return;
    }
    this.#isGreeted = true;
    try {
      this.carrier.greet(ControlType.welcome, this.#handshake.greeted(type, body));
    } catch (thrown) {
      if (!(thrown instanceof ServiceError) || thrown.code === "invalid_argument") throw thrown;
      this.#context.carrier.logger.warn({ code: thrown.code }, "a link peer was refused");
      this.#over(thrown.code);
      this.carrier.greetAndClose(ControlType.reject, rejectBody(thrown));
    }
  }

  #over(result: string): void {
    this.#timer.cancel();
    this.#reports.isOver(this.carrier, result);
  }
}
