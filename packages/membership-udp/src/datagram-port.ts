import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { type Endpoint, formatEndpoint, tryParseEndpoint } from "./address.ts";
import type { KeyRing } from "./key-ring.ts";
import type { TransportMetrics } from "./metrics.ts";
import { ReplayWindow } from "./replay-window.ts";
import { type Opener, SealContext, Sealer } from "./seal.ts";

/** A burst from a large group must fit while the event loop is busy; memberlist asks for as much. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;
/** Senders whose counters are remembered. */
const WINDOWS_MAX = 8_192;

/** Sealed datagrams in and out. */
export class DatagramPort {
  /** Hears every genuine packet; until it is set they are dropped. */
  receive: (from: string, packet: Uint8Array) => void = () => {};
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  readonly #context: SealContext;
  readonly #metrics: TransportMetrics;
  readonly #windows = new Map<string, ReplayWindow>();
  #socket: Socket | undefined;

  constructor(ring: KeyRing, opener: Opener, label: string, metrics: TransportMetrics) {
    this.#context = new SealContext(label, "datagram");
    this.#sealer = new Sealer(ring, this.#context);
    this.#opener = opener;
    this.#metrics = metrics;
  }

  /** Returns the port; rejects with the socket's error. */
  bind({ host, port }: Endpoint): Promise<number> {
    const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", ipv6Only: false });
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(port, host, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => this.#metrics.errors.add(1, { socket: "datagram" }));
        socket.on("message", (sealed, from) => this.#arrived(sealed, from.address, from.port));
        this.#enlargeBuffer(socket);
        this.#socket = socket;
        resolve(socket.address().port);
      });
    });
  }

  send(to: string, packet: Uint8Array): void {
    const endpoint = tryParseEndpoint(to);
    // Addresses come from other members' records.
    if (endpoint === undefined || endpoint.port === 0) return this.#metrics.errors.add(1, { socket: "datagram" });
    const sealed = this.#sealer.seal(packet);
    this.#metrics.datagrams.add(1, { direction: "out" });
    this.#metrics.bytes.add(sealed.length, { direction: "out" });
    // A datagram that cannot be sent is a datagram that was lost; the protocol lives with that.
    this.#socket?.send(sealed, endpoint.port, endpoint.host, (error) => {
      if (error !== null) this.#metrics.errors.add(1, { socket: "datagram" });
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #arrived(sealed: Buffer, host: string, port: number): void {
    if (this.#socket === undefined) return;
    this.#metrics.datagrams.add(1, { direction: "in" });
    this.#metrics.bytes.add(sealed.length, { direction: "in" });
    const opened = this.#opener.open(sealed, this.#context);
    if (opened === undefined) return this.#metrics.refused.add(1, { reason: "sealed_wrongly" });
    // Our own words, sent back to us by someone.
    if (opened.session === this.#sealer.session) return this.#metrics.refused.add(1, { reason: "echo" });
    if (!this.#isFirst(opened.session, opened.counter)) return this.#metrics.refused.add(1, { reason: "replayed" });
    this.receive(formatEndpoint({ host, port }), opened.plain);
  }

  #isFirst(session: string, counter: number): boolean {
    let window = this.#windows.get(session);
    if (window === undefined) {
      window = new ReplayWindow();
      if (this.#windows.size >= WINDOWS_MAX) {
        const [oldest] = this.#windows.keys();
        this.#windows.delete(oldest!);
      }
      this.#windows.set(session, window);
    }
    return window.accept(counter);
  }

  #enlargeBuffer(socket: Socket): void {
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      // The system allows less; it keeps what it gave.
      this.#metrics.errors.add(1, { socket: "receive_buffer" });
    }
  }
}
