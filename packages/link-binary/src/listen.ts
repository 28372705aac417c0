import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { ServiceError, type Timer } from "@tidewire/foundation";
import type { LinkListener, ServedMethods } from "@tidewire/link";
import { ServingSession } from "@tidewire/link/session";
import type { Reader } from "@tidewire/wire";
import { addressText, parsedAddress } from "./address.ts";
import { BinaryCarrier } from "./binary-carrier.ts";
import { channelBinding } from "./channel-binding.ts";
import { ControlType } from "./frame.ts";
import { type Agreement, ListenHandshake, rejectBody } from "./handshake/handshake.ts";
import { LINK_TLS_MIN_VERSION } from "./handshake/link-certificate.ts";
import { type ReadTarget, readBuffer, readFrom, readIntoBuffer } from "./socket-reader.ts";
import type { TransportContext } from "./transport-context.ts";

/** Binds and serves; throws `unavailable` when the address cannot be bound. */
export async function listen(
  context: TransportContext,
  address: string,
  services: ServedMethods,
): Promise<LinkListener> {
  const { host, port } = parsedAddress(address);
  const listener = new BinaryLinkListener(context, services);
  await listener.bind(host, port);
  return listener;
}

class BinaryLinkListener implements LinkListener {
  readonly #context: TransportContext;
  readonly #services: ServedMethods;
  readonly #server: Server;
  readonly #sessions = new Set<ServingSession>();
  /** Connections that have not finished the handshake. */
  readonly #greeting = new Set<Socket>();
  readonly #readBuffer = readBuffer();
  #address = "";

  constructor(context: TransportContext, services: ServedMethods) {
    this.#context = context;
    this.#services = services;
    const { certificate, limits } = context;
    const accept = (socket: Socket): void => this.#accept(socket);
    if (certificate === undefined) this.#server = createServer({ noDelay: true }, accept);
    else {
      const { cert, key, ca } = certificate;
      const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: LINK_TLS_MIN_VERSION };
      this.#server = createTlsServer({ ...tls, noDelay: true, handshakeTimeout: limits.handshakeTimeoutMs }, accept);
      // A failed TLS handshake is the peer's trouble; Node has closed its socket already.
      this.#server.on("tlsClientError", () => this.#count("tls"));
    }
    this.#server.maxConnections = limits.connectionsMax + limits.handshakesMax;
    this.#server.on("drop", () => this.#count("full"));
  }

  get address(): string {
    return this.#address;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  bind(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        const text = addressText(host, port);
        reject(new ServiceError("unavailable", `cannot listen on ${text}: ${error.message}`, { cause: error }));
      };
      this.#server.once("error", failed);
      this.#server.listen({ port, ...(host === "" ? {} : { host }) }, () => {
        this.#server.off("error", failed);
        // Accepting may fail later, when file descriptors run out; live connections go on.
        this.#server.on("error", (error) => this.#context.carrier.logger.error({ error }, "the link listener failed"));
        const bound = this.#server.address() as AddressInfo;
        this.#address = addressText(host === "" ? bound.address : host, bound.port);
        resolve();
      });
    });
  }

  async close(graceMs = 0): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#greeting) socket.destroy();
    await Promise.all([...this.#sessions].map((session) => session.close(graceMs)));
    await closed;
  }

  #accept(socket: Socket): void {
    const { limits } = this.#context;
    if (this.#sessions.size >= limits.connectionsMax || this.#greeting.size >= limits.handshakesMax) {
      this.#count("full");
      socket.destroy();
      return;
    }
    this.#greeting.add(socket);
    const accepted = new Accepted(this.#context, socket, {
      isOver: (result) => {
        if (this.#greeting.delete(socket)) this.#count(result);
      },
      isOpen: (carrier, agreement) => this.#open(carrier, agreement),
    });
    accepted.listen(this.#readBuffer);
  }

  #open(carrier: BinaryCarrier, agreement: Agreement): void {
    const { limits, carrier: modules } = this.#context;
    const session = new ServingSession(
      { ...modules, carrier, services: this.#services, failures: this.#context.failures.listening },
      agreement.peer,
      limits,
    );
    carrier.attach(session, agreement.heartbeatMs);
    this.#sessions.add(session);
    this.#context.joined("listening", carrier);
    session.onClose(() => {
      this.#sessions.delete(session);
      this.#context.left("listening", carrier);
    });
  }

  #count(result: string): void {
    this.#context.metrics.handshakes.add(1, { side: "listening", result });
  }
}

interface AcceptedReports {
  /** The handshake ended, well or not. Only the first report counts. */
  isOver(result: string): void;
  isOpen(carrier: BinaryCarrier, agreement: Agreement): void;
}

/** A connection from its acceptance to the end of its handshake. */
class Accepted {
  readonly #context: TransportContext;
  readonly #reports: AcceptedReports;
  readonly #socket: Socket;
  readonly #carrier: BinaryCarrier;
  readonly #handshake: ListenHandshake;
  readonly #timer: Timer;
  #isGreeted = false;

  constructor(context: TransportContext, socket: Socket, reports: AcceptedReports) {
    this.#context = context;
    this.#reports = reports;
    const { limits, carrier: modules, introduction, keys } = context;
    this.#handshake = new ListenHandshake(introduction, keys, channelBinding(socket));
    this.#socket = socket;
    this.#carrier = new BinaryCarrier(socket, modules, limits, {
      greeter: {
        frame: (type, body) => this.#greeted(type, body),
        strange: () => reports.isOver("stranger"),
      },
      flushesAfterRead: true,
    });
    this.#timer = modules.clock.after(limits.handshakeTimeoutMs, () => this.#refuse("timeout"));
  }

  listen(buffer: Buffer): void {
    const socket = this.#socket;
    const carrier = this.#carrier;
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("end", () => carrier.ended());
    socket.on("close", () => {
      this.#timer.cancel();
      this.#reports.isOver("stranger");
      carrier.gone(failure);
    });
    const target: ReadTarget = (bytes, length) => carrier.read(bytes, length);
    // What TLS decrypts has no such handle.
    if (this.#context.certificate !== undefined || !readIntoBuffer(socket, buffer, target)) readFrom(socket, target);
  }

  #greeted(type: number, body: Reader): void {
    if (this.#isGreeted) {
      // A `StrangerError` ends the connection without an answer.
      const agreement = this.#handshake.proved(type, body);
      this.#timer.cancel();
      this.#reports.isOver("open");
      this.#reports.isOpen(this.#carrier, agreement);
      return;
    }
    this.#isGreeted = true;
    try {
      this.#carrier.greet(ControlType.welcome, this.#handshake.greeted(type, body));
    } catch (thrown) {
      if (!(thrown instanceof ServiceError) || thrown.code === "invalid_argument") throw thrown;
      this.#context.carrier.logger.warn({ code: thrown.code }, "a link peer was refused");
      this.#reports.isOver(thrown.code);
      this.#carrier.greetAndClose(ControlType.reject, rejectBody(thrown));
    }
  }

  #refuse(result: string): void {
    this.#reports.isOver(result);
    this.#carrier.abort(new ServiceError("timeout", "no handshake in time"));
  }
}
