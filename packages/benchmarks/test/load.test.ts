import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type FrameListener, LoadSocket } from "../src/link/edge/load-socket.ts";
import { OperationLedger } from "../src/link/operation-ledger.ts";
import { idleTurnsPerCpuSecond, OpenLoop } from "../src/shared/open-loop.ts";
import { Samples } from "../src/shared/samples.ts";

describe("samples", () => {
  test("percentiles are values that were added", () => {
    const samples = new Samples();
    for (let value = 10_000; value > 0; value--) samples.add(value);
    expect([0.5, 0.95, 0.99, 1].map((share) => samples.percentile(share))).toEqual([5_000, 9_500, 9_900, 10_000]);
    samples.add(0);
    expect(samples.percentile(0)).toBe(0);
    expect(samples.count).toBe(10_001);
  });
});

describe("the open loop", () => {
  test("issues every operation at its due time, also those of a stall", async () => {
    const dueAts: number[] = [];
    let stalled = false;
    const enough = new Promise<void>((resolve) => {
      const loop = new OpenLoop(2_000, (index, dueAt) => {
        expect(index).toBe(dueAts.length);
        dueAts.push(dueAt);
        if (index === 100 && !stalled) {
          stalled = true;
          const until = performance.now() + 40;
          while (performance.now() < until);
        }
        if (index === 300) {
          loop.stop();
          resolve();
        }
      });
    });
    await enough;
    for (let index = 1; index <= 300; index++) expect(dueAts[index]! - dueAts[index - 1]!).toBeCloseTo(0.5, 6);
  });
});

describe("the open loop that never sleeps", () => {
  test("looks in every turn, issues what is due and nothing else, and does so often", async () => {
    const late: number[] = [];
    const loop = await new Promise<OpenLoop>((resolve) => {
      const running = new OpenLoop(
        2_000,
        (index, dueAt, tickAt) => {
          expect(index).toBe(late.length);
          late.push(tickAt - dueAt);
          if (index < 200) return;
          running.stop();
          resolve(running);
        },
        "turn",
      );
    });
    expect(Math.min(...late)).toBeGreaterThan(-1e-6);
    expect(loop.turns).toBeGreaterThan(loop.tickLateMs.count);
    expect(loop.tickLateMs.count).toBeGreaterThan(0);
    const { issued } = loop;
    expect(issued).toBe(late.length);
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect([loop.issued, late.length]).toEqual([issued, issued]);
  });

  test("its idle turns are counted by CPU", async () => {
    expect(await idleTurnsPerCpuSecond(20)).toBeGreaterThan(1_000);
  });
});

describe("the ledger", () => {
  test("an operation is done with its second part, and what is missing is seen", () => {
    const ledger = new OperationLedger();
    const now = performance.now();
    for (let operation = 0; operation < 10; operation++) ledger.sent(operation, now - 50);
    ledger.arrived(0);
    ledger.arrived(0);
    ledger.openWindow(2);
    for (let operation = 2; operation < 6; operation++) {
      ledger.arrived(operation);
      ledger.arrived(operation);
    }
    ledger.arrived(6);
    ledger.closeWindow(8);
    expect([ledger.offered, ledger.unanswered, ledger.done]).toEqual([6, 2, 5]);
    const { due, service } = ledger.latencies();
    expect(due.p50Ms).toBeGreaterThanOrEqual(50);
    expect(service.p50Ms).toBeLessThan(50);
  });

  test("what was never answered makes the percentiles worse, not better", () => {
    const ledger = new OperationLedger();
    ledger.openWindow(0);
    for (let operation = 0; operation < 100; operation++)
      ledger.sent(operation, performance.now() - 10_000 * operation);
    for (let operation = 0; operation < 50; operation++) {
      ledger.arrived(operation);
      ledger.arrived(operation);
    }
    ledger.closeWindow(100);
    expect(ledger.latencies().due.p99Ms).toBeGreaterThan(900_000);
  });
});

describe("the WebSocket of the generator", () => {
  let server: Server | undefined;
  const clients: LoadSocket[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    server?.close();
  });

  async function open(url: string, onFrame: FrameListener): Promise<LoadSocket> {
    const client = await LoadSocket.open(url, Buffer.allocUnsafeSlow(64 * 1024), onFrame);
    clients.push(client);
    return client;
  }

  /** Accepts one client, sends the chunks one by one, and collects what the client sends. */
  async function serve(chunks: readonly Buffer[]) {
    server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const received: Buffer[] = [];
    const accepted = once(server, "connection").then(async (connection) => {
      const socket = connection[0] as Socket;
      socket.setNoDelay(true);
      const [request] = (await once(socket, "data")) as [Buffer];
      const key = /Sec-WebSocket-Key: (\S+)/.exec(request.toString())![1]!;
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.on("data", (data: Buffer) => received.push(data));
      const upgrade = `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      for (const chunk of [Buffer.from(upgrade), ...chunks]) {
        await new Promise<void>((resolve) => socket.write(chunk, () => setImmediate(resolve)));
      }
      return socket;
    });
    return { url: `ws://127.0.0.1:${port}/v1/socket`, accepted, received };
  }

  function frameOf(text: string): Buffer {
    const length = Buffer.byteLength(text);
    const header =
      length < 126
        ? Buffer.from([0x81, length])
        : length < 65_536
          ? Buffer.from([0x81, 126, length >> 8, length & 0xff])
          : Buffer.from([
              0x81,
              127,
              0,
              0,
              0,
              0,
              length >>> 24,
              (length >> 16) & 0xff,
              (length >> 8) & 0xff,
              length & 0xff,
            ]);
    return Buffer.concat([header, Buffer.from(text)]);
  }

  test("reads frames of every length however they are cut", async () => {
    const texts = ["a", "b".repeat(125), "c".repeat(126), "d".repeat(70_000), "e".repeat(400)];
    const bytes = Buffer.concat(texts.map(frameOf));
    const single = Array.from(bytes.subarray(0, 300), (byte) => Buffer.from([byte]));
    const { url } = await serve([...single, bytes.subarray(300, 60_000), bytes.subarray(60_000)]);
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      void open(url, (buffer, start, end) => {
        seen.push(buffer.toString("latin1", start, end));
        if (seen.length === texts.length) resolve();
      });
    });
    expect(seen).toEqual(texts);
    expect(seen.map((text) => text.length)).toEqual(texts.map((text) => text.length));
  });

  test("sends masked text frames", async () => {
    const { url, accepted, received } = await serve([]);
    const client = await open(url, () => {});
    const socket = await accepted;
    client.send("x".repeat(10));
    client.send("y".repeat(200));
    const wanted = 2 + 4 + 10 + 4 + 4 + 200;
    while (Buffer.concat(received).length < wanted) await once(socket, "data");
    const bytes = Buffer.concat(received);
    expect([...bytes.subarray(0, 6)]).toEqual([0x81, 0x80 | 10, 0, 0, 0, 0]);
    expect(bytes.toString("latin1", 6, 16)).toBe("x".repeat(10));
    expect([...bytes.subarray(16, 24)]).toEqual([0x81, 0x80 | 126, 0, 200, 0, 0, 0, 0]);
    expect(bytes.length).toBe(wanted);
  });

  test("a refused upgrade is an error", async () => {
    server = createServer((socket) => socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    await expect(open(`ws://127.0.0.1:${port}/`, () => {})).rejects.toThrow("503");
  });
});
