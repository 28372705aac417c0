import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Later } from "@tidewire/link/compliance";
import { Reader } from "@tidewire/wire";
import { ControlType, FRAME_MAX_BYTES } from "../src/frame.ts";
import { FrameParser } from "../src/frame-parser.ts";
import { DialHandshake, type Introduction } from "../src/handshake/handshake.ts";

export const KEY = "a key for tests only";

export const introduction = (nodeId: string): Introduction => ({
  nodeId,
  role: "tool",
  bootId: 1,
  heartbeatMs: 5_000,
  schemaDigest: "",
  versions: { min: 1, max: 1 },
  inFlightMax: 100,
});

export function frame(type: number, body: Uint8Array, stream = 0, flags = 0, method = 0): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32LE(8 + body.length);
  bytes.writeUInt8(type, 4);
  bytes.writeUInt8(flags, 5);
  bytes.writeUInt16LE(method, 6);
  bytes.writeUInt32LE(stream, 8);
  bytes.set(body, 12);
  return bytes;
}

/** A TCP connection without any link on this side. */
export class RawPeer {
  readonly socket: Socket;
  readonly closed = new Later<void>();
  readonly frames: { readonly type: number; readonly body: Uint8Array }[] = [];
  #received = 0;
  readonly #waiting: { readonly count: number; readonly later: Later<void> }[] = [];
  readonly #parser = new FrameParser(
    { frame: (type, _flags, _method, _stream, body) => this.#frame(type, body) },
    FRAME_MAX_BYTES,
  );

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#received += bytes.length;
      this.#parser.push(bytes);
    });
    socket.on("error", () => {});
    socket.on("close", () => this.closed.resolve());
  }

  static async dial(address: string): Promise<RawPeer> {
    const socket = connect({ host: "127.0.0.1", port: Number(address.split(":")[1]) });
    await new Promise((resolve) => socket.once("connect", resolve));
    return new RawPeer(socket);
  }

  get receivedBytes(): number {
    return this.#received;
  }

  /** When that many frames have come. */
  async framesCome(count: number): Promise<void> {
    if (this.frames.length >= count) return;
    const later = new Later<void>();
    this.#waiting.push({ count, later });
    await later.promise;
  }

  /** Greets as a dialler and proves the key. */
  async shakeHands(): Promise<void> {
    const handshake = new DialHandshake(introduction("raw"), KEY, new Uint8Array(0));
    this.socket.write(frame(ControlType.hello, handshake.hello));
    await this.framesCome(1);
    const [welcome] = this.frames;
    const { proof } = handshake.answered(ControlType.welcome, new Reader(welcome?.body ?? new Uint8Array(0)));
    this.socket.write(frame(ControlType.proof, proof));
  }

  #frame(type: number, body: Reader): void {
    this.frames.push({ type, body: new Uint8Array(body.buffer.subarray(body.position, body.end)) });
    for (const { count, later } of this.#waiting) if (this.frames.length >= count) later.resolve();
  }
}

/** A TCP server that hands out each connection as it comes. */
export async function rawServer(
  serve: (peer: RawPeer) => unknown,
): Promise<{ readonly address: string; close(): void }> {
  const server: Server = createServer((socket) => serve(new RawPeer(socket)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}
