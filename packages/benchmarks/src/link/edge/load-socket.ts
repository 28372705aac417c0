import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

const OPCODE_TEXT = 1;
const OPCODE_CLOSE = 8;
const HEADER_END = Buffer.from("\r\n\r\n");

/** A whole text frame: bytes `start` to `end` of a buffer that is only valid during the call. */
export type FrameListener = (buffer: Buffer, start: number, end: number) => void;

/**
 * The client's side of RFC 6455 as far as a load generator needs it: whole text frames, no extensions, a masking key of
 * zeros (legal, and it spares the generator the XOR; the server unmasks all the same). All sockets read into one buffer.
 */
export class LoadSocket {
  readonly #socket: Socket;
  readonly #onFrame: FrameListener;
  readonly #opened: { resolve(): void; reject(error: Error): void };
  #rest = Buffer.alloc(0);
  #isOpen = false;
  #isClosed = false;

  private constructor(
    url: URL,
    readBuffer: Buffer,
    onFrame: FrameListener,
    opened: { resolve(): void; reject(error: Error): void },
  ) {
    this.#onFrame = onFrame;
    this.#opened = opened;
    this.#socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          this.#read(readBuffer, bytes);
          return true;
        },
      },
    });
    this.#socket.once("error", (error) => this.#broke(error));
    this.#socket.once("close", () => this.#broke(new Error("the server closed the socket")));
    const key = randomBytes(16).toString("base64");
    this.#socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tidewire.v1.json\r\n\r\n`,
    );
  }

  /** `readBuffer` may be shared: what a read brings is consumed or copied before the next one. */
  static async open(url: string, readBuffer: Buffer, onFrame: FrameListener): Promise<LoadSocket> {
    let socket!: LoadSocket;
    await new Promise<void>((resolve, reject) => {
      socket = new LoadSocket(new URL(url), readBuffer, onFrame, { resolve, reject });
    });
    return socket;
  }

  /** ASCII only, at most 65,535 bytes. */
  send(text: string): void {
    const length = text.length;
    const headerBytes = length < 126 ? 2 : 4;
    const frame = Buffer.allocUnsafe(headerBytes + 4 + length);
    frame[0] = 0x80 | OPCODE_TEXT;
    frame[1] = 0x80 | (length < 126 ? length : 126);
    if (headerBytes === 4) frame.writeUInt16BE(length, 2);
    frame.writeUInt32LE(0, headerBytes);
    frame.write(text, headerBytes + 4, length, "latin1");
    this.#socket.write(frame);
  }

  /** Without a goodbye. */
  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #read(buffer: Buffer, bytes: number): void {
    let input = buffer.subarray(0, bytes);
    if (this.#rest.length > 0) input = Buffer.concat([this.#rest, input]);
    let at = this.#isOpen ? 0 : this.#readUpgrade(input);
    if (!this.#isOpen) {
      this.#rest = Buffer.from(input);
      return;
    }
    for (;;) {
      const next = this.#readFrame(input, at);
      if (next === at) break;
      at = next;
    }
    this.#rest = at === input.length ? EMPTY : Buffer.from(input.subarray(at));
  }

  /** Where the frames begin; opens the socket once the answer is whole. */
  #readUpgrade(input: Buffer): number {
    const end = input.indexOf(HEADER_END);
    if (end < 0) return 0;
    const status = input.toString("latin1", 0, input.indexOf("\r\n"));
    if (!status.includes(" 101 ")) {
      this.#opened.reject(new Error(`the server answered "${status}"`));
      return 0;
    }
    this.#isOpen = true;
    this.#opened.resolve();
    return end + HEADER_END.length;
  }

  /** Where the next frame begins; `at` if this one is not whole yet. */
  #readFrame(input: Buffer, at: number): number {
    if (input.length - at < 2) return at;
    const opcode = input[at]! & 0x0f;
    let length = input[at + 1]! & 0x7f;
    let start = at + 2;
    if (length === 126) {
      if (input.length - at < 4) return at;
      length = input.readUInt16BE(at + 2);
      start = at + 4;
    } else if (length === 127) {
      if (input.length - at < 10) return at;
      length = input.readUInt32BE(at + 6);
      start = at + 10;
    }
    const end = start + length;
    if (end > input.length) return at;
    if (opcode === OPCODE_TEXT) this.#onFrame(input, start, end);
    else if (opcode === OPCODE_CLOSE) throw new Error(`closed with ${length >= 2 ? input.readUInt16BE(start) : 1005}`);
    return end;
  }

  #broke(error: Error): void {
    if (this.#isClosed) return;
    if (!this.#isOpen) return this.#opened.reject(error);
    throw error;
  }
}

const EMPTY = Buffer.alloc(0);
