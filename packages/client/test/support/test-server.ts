import { type Principal, ServiceError } from "@tidewire/foundation";
import { parseUpFrame, type StreamAck, type StreamCheck, type UpRequest } from "@tidewire/protocol-client";
import { TestDocument, TestViewer } from "./test-document.ts";

/** The server's end of one connection, whatever carries it. */
export interface ServerPipe {
  send(text: string): void;
  close(code: number, reason?: string): void;
}

export interface TestServerOptions {
  readonly heartbeatMs?: number;
  readonly limits?: Partial<
    Record<"frameMaxBytes" | "ackWindowBytes" | "streamsMax" | "requestsMax" | "idleMs", number>
  >;
}

type Answer = { readonly result: unknown } | { readonly error: unknown } | "none";

/**
 * Speaks PROTOCOL.md section 3 from memory. What a client does wrong is collected in `violations`, which every test
 * expects to be empty at its end.
 */
export class TestServer {
  readonly documents = new Map<string, TestDocument>();
  readonly sessions = new Set<TestSession>();
  readonly violations: string[] = [];
  /** Every request, oldest first. */
  readonly requests: UpRequest[] = [];
  readonly acks: (readonly StreamAck[])[] = [];
  readonly checks: (readonly StreamCheck[])[] = [];
  readonly options: TestServerOptions;
  /** Tokens to principals; throws what authentication answers. */
  authenticate = (token: string | undefined): Principal =>
    token === undefined
      ? { agent: `anonymous-${this.#anonymous++}`, authority: "anonymous" }
      : { agent: token.startsWith("ticket:") ? "alice" : token.replace(/^dev:/, ""), authority: "dev" };
  /** May answer a request in place of the server, or swallow it. */
  intercept: (session: TestSession, request: UpRequest, id: number) => Answer | undefined = () => undefined;
  /** May change, or lose, a frame of a stream on its way out. */
  tamper: (frame: object) => object | undefined = (frame) => frame;
  hashEvery = true;
  /** Connections accepted so far. */
  connections = 0;
  #anonymous = 1;

  constructor(options: TestServerOptions = {}) {
    this.options = options;
  }

  document(path: string): TestDocument {
    let document = this.documents.get(path);
    if (document === undefined) this.documents.set(path, (document = new TestDocument()));
    return document;
  }

  accept(pipe: ServerPipe): TestSession {
    const session = new TestSession(this, pipe);
    this.sessions.add(session);
    this.connections++;
    return session;
  }

  /** The newest connection. */
  get session(): TestSession {
    const session = [...this.sessions].at(-1);
    if (session === undefined) throw new Error("nobody is connected");
    return session;
  }

  /** A change that no client of this test asked for. */
  change(path: string, message: string, arg: Record<string, never> | Record<string, string | number> = {}): void {
    this.document(path).execute({ agent: "other", authority: "test" }, message, arg, undefined);
    this.deliver();
  }

  deliver(): void {
    for (const session of this.sessions) session.deliver();
  }

  methods(): string[] {
    return this.requests.map(({ method }) => method);
  }
}

export class TestSession {
  readonly #server: TestServer;
  readonly #pipe: ServerPipe;
  readonly #streams = new Map<number, { readonly path: string; readonly viewer: TestViewer }>();
  principal: Principal | undefined;
  token: string | undefined;
  isClosed = false;

  constructor(server: TestServer, pipe: ServerPipe) {
    this.#server = server;
    this.#pipe = pipe;
  }

  get streamIds(): number[] {
    return [...this.#streams.keys()];
  }

  /** A text frame came from the client. */
  receive(text: string): void {
    if (this.isClosed) return;
    const frame = parseUpFrame(text);
    if (frame.kind === "fault") {
      this.#server.violations.push(`${frame.reason}: ${text}`);
      this.close(frame.closeCode);
    } else if (frame.kind === "ack") {
      this.#server.acks.push(frame.ack);
    } else if (frame.kind === "refused") {
      this.#server.violations.push(`${frame.error.message}: ${text}`);
      this.send({ id: frame.id, error: frame.error.toBody() });
    } else {
      this.#request(frame.id, frame.request);
    }
  }

  /** The client is gone, or the network between. */
  lost(): void {
    this.isClosed = true;
    this.#server.sessions.delete(this);
  }

  close(code: number, reason = ""): void {
    if (this.isClosed) return;
    this.lost();
    this.#pipe.close(code, reason);
  }

  send(frame: object): void {
    if (!this.isClosed) this.#pipe.send(JSON.stringify(frame));
  }

  heartbeat(): void {
    this.send({ id: 0, heartbeat: { at: 0 } });
  }

  drain(reconnectAfterMs: number, ticket = ""): void {
    this.send({ id: 0, drain: { reconnectAfterMs, ticket } });
  }

  deliver(): void {
    for (const [id, { path, viewer }] of this.#streams) {
      const frame = viewer.next(this.#server.document(path), this.#server.hashEvery);
      if (frame !== undefined) this.#sendFrame(id, frame);
    }
  }

  endStreams(error: ServiceError): void {
    for (const id of this.streamIds) this.send({ id, end: error.toBody() });
    this.#streams.clear();
  }

  #sendFrame(id: number, frame: object): void {
    const sent = this.#server.tamper(frame);
    if (sent !== undefined) this.send({ id, ...sent });
  }

  #request(id: number, request: UpRequest): void {
    const server = this.#server;
    server.requests.push(request);
    if (this.principal === undefined && request.method !== "session/authenticate") {
      server.violations.push(`${request.method} before session/authenticate`);
    }
    try {
      const answer = server.intercept(this, request, id);
      if (answer === "none") return;
      if (answer !== undefined) return this.send({ id, ...answer });
      const result = this.#execute(id, request);
      if (result !== undefined) this.send({ id, result });
    } catch (error) {
      this.send({ id, error: ServiceError.from(error).toBody() });
    }
    server.deliver();
  }

  #execute(id: number, request: UpRequest): object | undefined {
    const server = this.#server;
    switch (request.method) {
      case "session/authenticate":
        this.principal = server.authenticate(request.token);
        this.token = request.token;
        return this.#welcome();
      case "document/create": {
        const path = `${request.space}/${request.key}`;
        if (server.documents.has(path)) throw new ServiceError("already_exists", "it exists");
        return { seq: server.document(path).seq };
      }
      case "document/get": {
        const { seq, value } = this.#existing(request).view(undefined);
        return { seq, hash: "0000000000000000", view: value };
      }
      case "document/delete":
        this.#existing(request);
        server.documents.delete(`${request.space}/${request.key}`);
        return {};
      case "message/send": {
        const arg = JSON.parse(request.arg ?? "{}") as Record<string, never>;
        const { seq, value } = this.#existing(request).execute(this.principal!, request.message, arg, request.marker);
        return { seq, ...(value === undefined ? {} : { value }) };
      }
      case "connection/create": {
        const document = this.#existing(request);
        const viewer = new TestViewer(request.viewState === undefined ? undefined : JSON.parse(request.viewState));
        this.#streams.set(id, { path: `${request.space}/${request.key}`, viewer });
        this.#sendFrame(id, viewer.first(document, request.resume));
        return undefined;
      }
      case "connection/update":
        this.#stream(request.connection).viewer.viewState = JSON.parse(request.viewState);
        return {};
      case "connection/resync": {
        const { path, viewer } = this.#stream(request.connection);
        this.#sendFrame(request.connection, viewer.snapshot(server.document(path)));
        return {};
      }
      case "connection/end":
        this.#stream(request.connection);
        this.#streams.delete(request.connection);
        return {};
      case "heartbeat":
        if (request.streams !== undefined) server.checks.push(request.streams);
        return { at: request.at };
      default:
        throw new ServiceError("unsupported", `the test server does not know ${request.method}`);
    }
  }

  #stream(id: number): { readonly path: string; readonly viewer: TestViewer } {
    const stream = this.#streams.get(id);
    if (stream !== undefined) return stream;
    this.#server.violations.push(`there is no stream ${id}`);
    throw new ServiceError("invalid_argument", "there is no such stream");
  }

  #existing({ space, key }: { readonly space: string; readonly key: string }): TestDocument {
    const document = this.#server.documents.get(`${space}/${key}`);
    if (document === undefined) throw new ServiceError("not_found", "there is no such document");
    return document;
  }

  #welcome(): object {
    const limits = {
      frameMaxBytes: 1_048_576,
      ackWindowBytes: 262_144,
      streamsMax: 100,
      requestsMax: 100,
      idleMs: 10_000,
    };
    const { heartbeatMs = 5_000, limits: changed } = this.#server.options;
    return { principal: this.principal, session: "s", heartbeatMs, limits: { ...limits, ...changed } };
  }
}
