import { LoadSocket } from "./load-socket.ts";

export interface LoadClientEvents {
  answered(operation: number): void;
  /** The newest operation a delta shows; it stands for all earlier ones of the same sender. */
  shown(operation: number): void;
  refused(text: string): void;
}

const AUTHENTICATE = 1;
const CREATE = 2;
const CONNECT = 3;
const HEARTBEAT = 4;
/** Operations are numbered from here, so that their number is the id of their request. */
export const FIRST_OPERATION = 1_000;

const OPERATION_FIELD = Buffer.from('"operation":');
const SEQ_FIELD = Buffer.from('"@s":');
const LETTER = { result: 0x72, delta: 0x64, snapshot: 0x73, error: 0x65 };

/** Fills the request up to about 200 B on the link. */
const REQUEST_TEXT = "the quick tide takes the northern shore and ".repeat(3).slice(0, 84);

/** One participant: a WebSocket with one stream, which reads no more of a frame than it must. */
export class LoadClient {
  readonly agent: string;
  readonly #events: LoadClientEvents;
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #socket: LoadSocket | undefined;
  #sentAt = 0;
  #seq = 0;
  #acknowledgedSeq = 0;

  constructor(agent: string, events: LoadClientEvents) {
    this.agent = agent;
    this.#events = events;
  }

  async open(url: string, readBuffer: Buffer): Promise<void> {
    this.#socket = await LoadSocket.open(url, readBuffer, (buffer, start, end) => this.#onFrame(buffer, start, end));
    await this.#ask(AUTHENTICATE, `"session/authenticate","token":"dev:${this.agent}"`);
  }

  create(space: string, key: string, arg: object): Promise<void> {
    return this.#ask(CREATE, `"document/create","space":"${space}","key":"${key}","arg":${JSON.stringify(arg)}`);
  }

  /** Resolves with the first frame of the stream. */
  connect(space: string, key: string): Promise<void> {
    return this.#ask(CONNECT, `"connection/create","space":"${space}","key":"${key}"`);
  }

  pass(operation: number): void {
    this.#sentAt = performance.now();
    this.#socket!.send(
      `{"id":${operation},"method":"connection/send","connection":${CONNECT},"message":"pass","arg":{"operation":${operation},"text":"${REQUEST_TEXT}"}}`,
    );
  }

  /** A client that is silent for long would be closed. */
  keepAlive(quietMs: number): void {
    if (performance.now() - this.#sentAt < quietMs) return;
    this.#sentAt = performance.now();
    this.#socket!.send(`{"id":${HEARTBEAT},"method":"heartbeat","at":0}`);
  }

  /** As a client does once a second: from the first time on the edge holds back what this one has not caught up with. */
  acknowledge(): void {
    if (this.#seq === this.#acknowledgedSeq) return;
    this.#acknowledgedSeq = this.#seq;
    this.#sentAt = performance.now();
    this.#socket!.send(`{"id":0,"ack":[[${CONNECT},${this.#seq}]]}`);
  }

  #ask(id: number, methodAndParameters: string): Promise<void> {
    this.#sentAt = performance.now();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket!.send(`{"id":${id},"method":${methodAndParameters}}`);
    });
  }

  #onFrame(buffer: Buffer, start: number, end: number): void {
    let at = start + '{"id":'.length;
    let id = 0;
    for (; buffer[at]! >= 0x30 && buffer[at]! <= 0x39; at++) id = id * 10 + buffer[at]! - 0x30;
    const letter = buffer[at + 2]!;
    if (letter === LETTER.delta && id === CONNECT) return this.#onDelta(buffer, at, end);
    if (letter === LETTER.result && id >= FIRST_OPERATION) return this.#events.answered(id);
    if (letter === LETTER.error) return this.#onError(id, buffer.toString("utf8", start, end));
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.resolve();
  }

  #onDelta(buffer: Buffer, from: number, end: number): void {
    this.#seq = numberAfter(SEQ_FIELD, buffer, from, end) ?? this.#seq;
    const operation = numberAfter(OPERATION_FIELD, buffer, from, end);
    if (operation !== undefined) this.#events.shown(operation);
  }

  #onError(id: number, text: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return this.#events.refused(text);
    this.#waiting.delete(id);
    waiting.reject(new Error(text));
  }
}

function numberAfter(field: Buffer, buffer: Buffer, from: number, end: number): number | undefined {
  let at = buffer.indexOf(field, from);
  if (at < 0 || at >= end) return undefined;
  let value = 0;
  for (at += field.length; buffer[at]! >= 0x30 && buffer[at]! <= 0x39; at++) value = value * 10 + buffer[at]! - 0x30;
  return value;
}
