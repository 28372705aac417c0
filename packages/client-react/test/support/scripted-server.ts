import { TidewireClient, type WebSocketConstructor } from "@tidewire/client";
import { ManualClock, SeededRandom } from "@tidewire/foundation";

interface Request {
  readonly id: number;
  readonly method: string;
  readonly [parameter: string]: unknown;
}

/** A client whose server is a few lines: it welcomes, shows each stream the snapshot it is given, and says yes. */
export class ScriptedServer {
  readonly clock = new ManualClock();
  readonly requests: Request[] = [];
  readonly client: TidewireClient;
  snapshot: Record<string, unknown> = { "@s": 1, value: 1, text: "one" };
  connections = 0;
  #push: (frame: object) => void = () => {};

  constructor() {
    this.client = new TidewireClient({
      url: "http://edge.test",
      transport: "websocket",
      webSocket: this.#socketClass(),
      clock: this.clock,
      random: new SeededRandom(1),
    });
  }

  get methods(): string[] {
    return this.requests.map(({ method }) => method).filter((method) => method !== "heartbeat");
  }

  /** A delta for every stream that was opened. */
  change(delta: Record<string, unknown>): void {
    for (const { id, method } of this.requests) if (method === "connection/create") this.#push({ id, delta });
  }

  lose(): void {
    this.#push({});
  }

  #socketClass(): WebSocketConstructor {
    const connected = (push: (frame: object) => void): void => {
      this.connections++;
      this.#push = push;
    };
    const answer = (request: Request): object | undefined => this.#answer(request);
    return class {
      readonly #listeners = new Map<string, (event: object) => void>();

      constructor() {
        connected((frame) => this.#emit("message", { data: JSON.stringify(frame) }));
        queueMicrotask(() => this.#emit("open", {}));
      }

      addEventListener(type: string, listener: (event: object) => void): void {
        this.#listeners.set(type, listener);
      }

      send(data: string): void {
        const frame = answer(JSON.parse(data) as Request);
        if (frame !== undefined) queueMicrotask(() => this.#emit("message", { data: JSON.stringify(frame) }));
      }

      close(): void {}

      #emit(type: string, event: object): void {
        this.#listeners.get(type)?.(event);
      }
    };
  }

  #answer(request: Request): object | undefined {
    const { id, method } = request;
    if (id === 0) return undefined;
    this.requests.push(request);
    if (method === "connection/create") return { id, snapshot: this.snapshot };
    if (method === "message/send") return { id, result: { seq: 7, value: request["arg"] } };
    const principal = { agent: "ann", authority: "test" };
    return { id, result: method === "session/authenticate" ? { principal, heartbeatMs: 5_000 } : {} };
  }
}
