import { ViewReplica } from "@tidewire/delta";
import { WebSocket } from "ws";

/** A frame from the server, as parsed. */
export interface DownFrame {
  readonly id: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { code: string; number: number; retryable: boolean; details?: Record<string, unknown> };
  readonly snapshot?: Record<string, unknown>;
  readonly delta?: Record<string, unknown>;
  readonly end?: { code: string; retryable: boolean; retryAfterMs?: number };
  readonly heartbeat?: { at: number };
  readonly drain?: { reconnectAfterMs: number; ticket: string };
}

const WAIT_MS = 20_000;

/**
 * A client written from the public contract alone, without the client package: what another team would write. Nothing is
 * hidden: every frame is kept, raw, so that tests can search it.
 */
export class RawClient {
  readonly frames: DownFrame[] = [];
  readonly raw: string[] = [];
  /** Frames whose `@h` was not the hash of the state they led to. */
  readonly mismatches: DownFrame[] = [];
  hashesChecked = 0;
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;
  #nextId = 1;
  readonly #waiters = new Set<() => void>();
  readonly #replicas = new Map<number, ViewReplica>();
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => this.#onMessage(data.toString("utf8")));
    socket.on("close", (code, reason) => {
      clearInterval(this.#heartbeat);
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    socket.on("error", () => {});
  }

  static async open(
    url: string,
    options: { protocol?: string; headers?: Record<string, string> } = {},
  ): Promise<RawClient> {
    const socket = new WebSocket(url, options.protocol ?? "tidewire.v1.json", {
      perMessageDeflate: false,
      ...(options.headers === undefined ? {} : { headers: options.headers }),
    });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** Connects and authenticates with a dev token. */
  static async as(url: string, agent: string): Promise<RawClient> {
    const client = await RawClient.open(url);
    const session = await client.call("session/authenticate", { token: `dev:${agent}` });
    client.#heartbeat = setInterval(() => void client.heartbeat().catch(() => {}), Number(session["heartbeatMs"]) / 2);
    return client;
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  /** Sends a request and returns its id; the answer is left in `frames`. */
  request(method: string, parameters: Record<string, unknown> = {}, id = this.#nextId++): number {
    this.sendText(JSON.stringify({ id, method, ...parameters }));
    return id;
  }

  /** The one answer to a request. */
  answer(id: number): Promise<DownFrame> {
    return this.until(() => this.frames.find((frame) => frame.id === id && ("result" in frame || "error" in frame)));
  }

  /** Sends, waits, and returns the result; throws with the code of an error. */
  async call(method: string, parameters: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const frame = await this.answer(this.request(method, parameters));
    if (frame.error !== undefined) throw Object.assign(new Error(`${method}: ${frame.error.code}`), frame.error);
    return frame.result!;
  }

  heartbeat(streams: [number, number, string][] = []): Promise<Record<string, unknown>> {
    return this.call("heartbeat", { at: Date.now(), streams });
  }

  /** Opens a stream and waits for its first frame; `held` is what a resuming client holds already. */
  async connect(space: string, key: string, more: Record<string, unknown> = {}, held?: ViewReplica): Promise<number> {
    const id = this.request("connection/create", { space, key, ...more });
    if (held !== undefined) this.#replicas.set(id, held.fork());
    const first = await this.until(() => this.frames.find((frame) => frame.id === id));
    if (first.error !== undefined) throw Object.assign(new Error(first.error.code), first.error);
    return id;
  }

  /** What the stream shows now: all its frames applied. */
  view<View = Record<string, unknown>>(id: number): View {
    return this.replica(id).value as View;
  }

  replica(id: number): ViewReplica {
    const replica = this.#replicas.get(id);
    if (replica === undefined) throw new Error(`stream ${id} has no frame yet`);
    return replica;
  }

  streamFrames(id: number): DownFrame[] {
    return this.frames.filter((frame) => frame.id === id && ("snapshot" in frame || "delta" in frame));
  }

  /** Waits until the view satisfies the condition. */
  untilView<View = Record<string, unknown>>(id: number, holds: (view: View) => boolean): Promise<View> {
    return this.until(() => {
      const value = this.#replicas.get(id)?.value as View | undefined;
      return value !== undefined && holds(value) ? value : undefined;
    });
  }

  untilClosed(): Promise<{ code: number; reason: string }> {
    return this.until(() => this.closed, true);
  }

  async until<Value>(look: () => Value | undefined, mayClose = false): Promise<Value> {
    return await new Promise<Value>((resolve, reject) => {
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        act();
      };
      const tail = (): string => this.raw.slice(-5).join("\n");
      const timer = setTimeout(
        () => finish(() => reject(new Error(`waited ${WAIT_MS} ms; last frames:\n${tail()}`))),
        WAIT_MS,
      );
      const check = (): void => {
        const value = look();
        if (value !== undefined) finish(() => resolve(value));
        else if (this.closed !== undefined && !mayClose) {
          finish(() => reject(new Error(`socket closed with ${this.closed?.code} ${this.closed?.reason}`)));
        }
      };
      this.#waiters.add(check);
      check();
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    if (this.closed !== undefined) return;
    this.socket.close(1000);
    await this.untilClosed();
  }

  #onMessage(text: string): void {
    this.raw.push(text);
    const frame = JSON.parse(text) as DownFrame;
    this.frames.push(frame);
    if (frame.snapshot !== undefined) {
      const replica = new ViewReplica();
      this.#checkHash(frame, replica.applySnapshot(frame.snapshot as never));
      this.#replicas.set(frame.id, replica);
    }
    if (frame.delta !== undefined) this.#checkHash(frame, this.replica(frame.id).applyDelta(frame.delta as never));
    this.#wake();
  }

  #checkHash(frame: DownFrame, check: "match" | "mismatch" | "absent"): void {
    if (check === "mismatch") this.mismatches.push(frame);
    if (check !== "absent") this.hashesChecked++;
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }
}
