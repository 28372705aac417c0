import type { Socket } from "node:net";
import { type Clock, type Logger, type Random, ServiceError, type Timer } from "@tidewire/foundation";
import { LinkError } from "@tidewire/link";
import {
  type CarriedSession,
  type Carrier,
  CreditCodec,
  encodedMessage,
  FrameType,
  GoAwayCodec,
  PingCodec,
  PongCodec,
} from "@tidewire/link/session";
import type { Reader } from "@tidewire/wire";
import { Assemblies } from "./assemblies.ts";
import type { BinaryLinkLimits } from "./binary-link-options.ts";
import {
  ControlType,
  FIRST_SESSION_TYPE,
  FRAME_MAX_BYTES,
  HANDSHAKE_FRAME_MAX_BYTES,
  LAST_SESSION_TYPE,
} from "./frame.ts";
import { FrameParser, type FrameReceiver } from "./frame-parser.ts";
import { FrameWriter } from "./frame-writer.ts";
import { Liveness } from "./liveness.ts";
import { Outbound } from "./outbound.ts";
import { READ_BYTES } from "./socket-reader.ts";
import type { Traffic } from "./traffic.ts";

export interface CarrierModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly traffic: Traffic;
  /** What the transport counts besides. */
  readonly observer: CarrierObserver;
}

export interface CarrierObserver {
  roundTrip(ms: number): void;
  /** Why a connection ended that was not closed in order. */
  broke(reason: "dead_peer" | "overrun" | "protocol" | "network"): void;
  load(): number;
}

/** Takes what comes before the session. */
export interface Greeter {
  frame(type: number, body: Reader): void;
  /** What came was no handshake. The connection is closed already. */
  strange(cause: unknown): void;
}

/**
 * One TCP connection as a carrier of sessions: puts frames in order on the way out, cuts what comes in into frames, and
 * watches over the peer's life.
 */
export class BinaryCarrier extends FrameWriter implements Carrier, FrameReceiver {
  readonly #socket: Socket;
  readonly #modules: CarrierModules;
  readonly #limits: BinaryLinkLimits;
  readonly #parser: FrameParser;
  readonly #assemblies: Assemblies;
  readonly #greeter: Greeter;
  readonly #flushesAfterRead: boolean;
  #session: CarriedSession | undefined;
  #liveness: Liveness | undefined;
  #closeTimer: Timer | undefined;
  #isLeaving = false;
  #isEnded = false;
  #pingedAt: number | undefined;
  /** The last read brought as much as a read can: there is more. (TLS hands over records, which are smaller.) */
  isBehind = false;

  /** @param flushesAfterRead on the listening side: what a read led to is written behind it, without waiting for the turn. */
  constructor(
    socket: Socket,
    modules: CarrierModules,
    limits: BinaryLinkLimits,
    settings: { readonly greeter: Greeter; readonly flushesAfterRead: boolean },
  ) {
    super(
      new Outbound(
        {
          write: (bytes, written) => {
            this.#liveness?.sent();
            socket.write(bytes, written);
          },
        },
        {
          uncongested: () => this.#session?.uncongested?.(),
          overrun: () => this.#fail("overrun", "the peer does not read"),
          finished: () => this.#endSocket(),
        },
        limits,
        modules.traffic,
      ),
    );
    this.#socket = socket;
    this.#modules = modules;
    this.#limits = limits;
    this.#greeter = settings.greeter;
    this.#flushesAfterRead = settings.flushesAfterRead;
    this.#parser = new FrameParser(this, HANDSHAKE_FRAME_MAX_BYTES);
    this.#assemblies = new Assemblies(limits);
  }

  // Life.

  /** The handshake is over. */
  attach(session: CarriedSession, heartbeatMs: number): void {
    this.#session = session;
    this.#parser.frameMaxBytes = FRAME_MAX_BYTES;
    const { clock, random } = this.#modules;
    this.#liveness = new Liveness(
      // Timers, then sockets, then immediates: by then whatever had arrived was read.
      { clock, random, afterNextRead: (look) => setImmediate(look) },
      {
        ping: () => this.#ping(),
        dead: (silentMs) => this.#fail("dead_peer", `the peer was silent for ${Math.round(silentMs)} ms`),
      },
      heartbeatMs,
    );
  }

  get waitingBytes(): number {
    return this.outbound.waitingBytes;
  }

  get waitingLargeBytes(): number {
    return this.outbound.waitingLargeBytes;
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? 0;
  }

  get assemblyBytes(): number {
    return this.#assemblies.bytes;
  }

  /** Bytes from the socket: the first `length` of the buffer, which is the caller's again afterwards. */
  read(bytes: Uint8Array, length: number): void {
    if (this.#isEnded) return;
    this.#liveness?.received();
    this.isBehind = length >= READ_BYTES;
    this.#modules.traffic.bytesIn += length;
    this.#modules.traffic.readsIn++;
    try {
      this.#parser.push(bytes, length);
    } catch (thrown) {
      this.#protocolFault(thrown);
      return;
    }
    if (this.#flushesAfterRead) this.outbound.flush();
  }

  /** The peer sends nothing more. */
  ended(): void {
    if (this.#isLeaving) this.#finish(undefined);
    else this.#fail("network", "the peer closed the connection without a word");
  }

  /** The socket is gone. */
  gone(error: Error | undefined): void {
    if (this.#isLeaving) this.#finish(undefined);
    else this.#fail("network", error?.message ?? "the connection is gone", error);
  }

  /** Ends the connection at once, for a reason of this side. */
  abort(error: ServiceError): void {
    this.#finish(error);
  }

  /** A frame of the handshake. */
  greet(type: number, body: Uint8Array): void {
    this.outbound.control(type, encodedMessage, body);
    this.outbound.flush();
  }

  /** Closes behind what was sent, without a session. */
  greetAndClose(type: number, body: Uint8Array): void {
    this.greet(type, body);
    this.#isLeaving = true;
    this.shut();
  }

  // The way in.

  frame(type: number, flags: number, method: number, stream: number, body: Reader): void {
    this.#modules.traffic.framesIn++;
    if (this.#session === undefined) {
      if (flags !== 0) throw new ServiceError("invalid_argument", "a fragment before the handshake");
      this.#greeter.frame(type, body);
    } else if (type >= FIRST_SESSION_TYPE && type <= LAST_SESSION_TYPE) {
      if (flags === 0) this.#session.receive(type as FrameType, method, stream, body, false);
      else this.#fragment(this.#session, type as FrameType, flags, method, stream, body);
    } else this.#control(this.#session, type, flags, body);
  }

  #fragment(
    session: CarriedSession,
    type: FrameType,
    flags: number,
    method: number,
    stream: number,
    fragment: Reader,
  ): void {
    this.#modules.traffic.fragmentsIn++;
    const isNew = type === FrameType.request || type === FrameType.open || type === FrameType.downMany;
    if (!isNew && !session.isLive(stream)) {
      this.#assemblies.forget(stream);
      return;
    }
    let body: Reader | undefined;
    try {
      body = this.#assemblies.add(type, flags, method, stream, fragment);
    } catch (thrown) {
      const error = ServiceError.from(thrown);
      if (error.code !== "limit_exceeded" && error.code !== "overloaded") throw thrown;
      if (type !== FrameType.downMany) session.refuseInbound(stream, error);
      return;
    }
    if (body !== undefined) session.receive(type, method, stream, body, true);
  }

  #control(session: CarriedSession, type: number, flags: number, body: Reader): void {
    if (flags !== 0) throw new ServiceError("invalid_argument", `control frame ${type} in fragments`);
    if (type === ControlType.credit) {
      for (const grant of CreditCodec.decode(body).grants) session.granted?.(grant.stream, grant.messages);
    } else if (type === ControlType.ping) {
      const { sentAt } = PingCodec.decode(body);
      this.outbound.control(ControlType.pong, PongCodec, { sentAt, load: this.#modules.observer.load() });
    } else if (type === ControlType.pong) {
      if (PongCodec.decode(body).sentAt !== this.#pingedAt) return;
      this.#modules.observer.roundTrip(this.#modules.clock.monotonicMs() - this.#pingedAt);
      this.#pingedAt = undefined;
    } else if (type === ControlType.goAway) {
      this.#isLeaving = true;
      session.peerGoAway?.();
    } else throw new ServiceError("invalid_argument", `unknown frame type ${type}`);
  }

  // The way out, where it is more than writing a frame.

  forget(stream: number): void {
    this.outbound.forget(stream);
    this.#assemblies.forget(stream);
  }

  goAway(graceMs: number): void {
    this.#isLeaving = true;
    this.outbound.control(ControlType.goAway, GoAwayCodec, { graceMs: Math.max(0, graceMs), code: 0, message: "" });
  }

  shut(): void {
    if (this.#isEnded || this.#closeTimer !== undefined) return;
    this.#isLeaving = true;
    this.#closeTimer = this.#modules.clock.after(this.#limits.closeTimeoutMs, () => this.#finish(undefined));
    this.outbound.finish();
  }

  #endSocket(): void {
    // Half-closed: what the peer still sends is read until its own end comes, or the timer.
    this.#socket.end();
  }

  #ping(): void {
    this.#pingedAt = this.#modules.clock.monotonicMs();
    this.outbound.control(ControlType.ping, PingCodec, {
      sentAt: this.#pingedAt,
      load: this.#modules.observer.load(),
    });
  }

  // The end.

  #protocolFault(thrown: unknown): void {
    if (this.#session === undefined) {
      // Whoever cannot even greet is told nothing.
      this.#finish(undefined);
      this.#greeter.strange(thrown);
      return;
    }
    this.#modules.logger.error({ error: thrown }, "the peer broke the link's protocol");
    this.#fail("protocol", "the peer broke the link's protocol", thrown);
  }

  #fail(reason: "dead_peer" | "overrun" | "protocol" | "network", message: string, cause?: unknown): void {
    if (this.#isEnded) return;
    if (this.#session !== undefined) this.#modules.observer.broke(reason);
    this.#finish(new LinkError("unavailable", message, true, { cause }));
  }

  #finish(error: ServiceError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#closeTimer?.cancel();
    this.#liveness?.stop();
    this.#parser.stop();
    this.#assemblies.clear();
    this.outbound.destroy();
    this.#socket.destroy();
    this.#session?.closed(error);
  }
}
