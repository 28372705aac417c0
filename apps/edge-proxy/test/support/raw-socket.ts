import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface UpgradeOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: boolean;
}

export interface UpgradeReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Of a text frame, once somebody asked: what waits for one frame looks at all of them each time. */
  json?: Record<string, unknown>;
}

const TEXT = 1;
const CLOSE = 8;

/** A WebSocket client that can do everything wrong: frames are built by hand, and it can stop reading. */
export class RawSocket {
  readonly #socket: Socket;
  #input = Buffer.alloc(0);
  #isEnded = false;
  readonly frames: ReceivedFrame[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isEnded = true;
    });
  }

  /** The socket, or the refusal. */
  static async open(port: number, options: UpgradeOptions = {}): Promise<RawSocket | UpgradeReply> {
    const socket =
      options.tls === true
        ? connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false })
        : connectTcp(port, "127.0.0.1");
    const raw = new RawSocket(socket);
    await once(socket, options.tls === true ? "secureConnect" : "connect");
    const key = randomBytes(16).toString("base64");
    const lines = Object.entries({
      Host: "127.0.0.1",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
      ...options.headers,
    });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`GET ${options.path ?? "/v1/socket"} HTTP/1.1\r\n${head}\r\n`);
    socket.on("data", (chunk: Buffer) => {
      raw.#input = Buffer.concat([raw.#input, chunk]);
    });
    const reply = await raw.#reply();
    if (reply.status !== 101) {
      socket.destroy();
      return reply;
    }
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    if (reply.headers["sec-websocket-accept"] !== accept) throw new Error("the handshake is wrong");
    raw.subprotocol = reply.headers["sec-websocket-protocol"];
    raw.#parse();
    socket.on("data", () => raw.#parse());
    return raw;
  }

  /** An open socket as that agent. */
  static async connect(port: number, agent = "alice", options: UpgradeOptions = {}): Promise<RawSocket> {
    const headers = { Authorization: `Bearer dev:${agent}`, ...options.headers };
    const socket = await RawSocket.open(port, { ...options, headers });
    if (!(socket instanceof RawSocket)) throw new Error(`refused: ${socket.status} ${socket.body}`);
    return socket;
  }

  subprotocol: string | undefined;

  send(value: unknown): void {
    this.sendFrame(TEXT, Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
  }

  sendFrame(opcode: number, payload: Buffer, isFinal = true): void {
    this.#socket.write(frameBytes(opcode, payload, isFinal));
  }

  /** Several frames in one write. */
  sendTogether(values: readonly unknown[]): void {
    this.#socket.write(
      Buffer.concat(values.map((value) => frameBytes(TEXT, Buffer.from(JSON.stringify(value)), true))),
    );
  }

  stopReading(): void {
    this.#socket.pause();
  }

  read(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The JSON of all text frames so far. */
  get received(): Record<string, unknown>[] {
    return this.frames
      .filter(({ opcode }) => opcode === TEXT)
      .map((frame) => {
        frame.json ??= JSON.parse(frame.payload.toString("utf8")) as Record<string, unknown>;
        return frame.json;
      });
  }

  /** Waits for the first text frame that fits. */
  async next(fits: (frame: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.received.find(fits);
      if (found !== undefined) return found;
      if (this.#isEnded) throw new Error(`closed with ${String(this.#closeCode)} before the frame came`);
      await this.#somethingHappens();
    }
  }

  async answer(id: number): Promise<Record<string, unknown>> {
    return await this.next((frame) => frame["id"] === id);
  }

  /** The close code once the connection has ended; 1006 if it ended without one. */
  async closed(): Promise<number> {
    while (!this.#isEnded) await this.#somethingHappens();
    return this.#closeCode ?? 1006;
  }

  get #closeCode(): number | undefined {
    return this.frames.find(({ opcode }) => opcode === CLOSE)?.payload.readUInt16BE(0);
  }

  async #somethingHappens(): Promise<void> {
    if (this.#isEnded) return;
    await new Promise<void>((resolve) => {
      const happened = (): void => {
        this.#socket.off("data", happened);
        this.#socket.off("close", happened);
        resolve();
      };
      this.#socket.on("data", happened);
      this.#socket.on("close", happened);
    });
  }

  async #reply(): Promise<UpgradeReply> {
    for (;;) {
      const end = this.#input.indexOf("\r\n\r\n");
      if (end >= 0) {
        const [statusLine, ...lines] = this.#input.subarray(0, end).toString("latin1").split("\r\n");
        const headers = Object.fromEntries(
          lines.map((line) => [
            line.slice(0, line.indexOf(":")).toLowerCase(),
            line.slice(line.indexOf(":") + 1).trim(),
          ]),
        );
        const status = Number(statusLine!.split(" ")[1]);
        const length = Number(headers["content-length"] ?? 0);
        if (status === 101 || this.#input.length >= end + 4 + length) {
          const body = this.#input.subarray(end + 4, end + 4 + (status === 101 ? 0 : length)).toString("utf8");
          this.#input = this.#input.subarray(end + 4);
          return { status, headers, body };
        }
      }
      if (this.#isEnded) throw new Error("the connection ended before the answer");
      await this.#somethingHappens();
    }
  }

  #parse(): void {
    for (;;) {
      const input = this.#input;
      if (input.length < 2) return;
      const short = input[1]! & 0x7f;
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (input.length < headBytes) return;
      const length = short < 126 ? short : short === 126 ? input.readUInt16BE(2) : Number(input.readBigUInt64BE(2));
      if (input.length < headBytes + length) return;
      const payload = Buffer.from(input.subarray(headBytes, headBytes + length));
      const opcode = input[0]! & 0x0f;
      this.frames.push({ opcode, payload });
      // As every client does: the side that began to close waits for it.
      if (opcode === CLOSE) this.#socket.end(frameBytes(CLOSE, payload, true));
      this.#input = input.subarray(headBytes + length);
    }
  }
}

/** Masked with zeros, which is legal and keeps the bytes readable. */
function frameBytes(opcode: number, payload: Buffer, isFinal: boolean): Buffer {
  const first = (isFinal ? 0x80 : 0) | opcode;
  const { length } = payload;
  let head: Buffer;
  if (length < 126) head = Buffer.from([first, 0x80 | length]);
  else if (length < 65_536) {
    head = Buffer.from([first, 0x80 | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
  } else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}
