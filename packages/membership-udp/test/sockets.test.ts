import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type MetricsSink, noMetrics, SystemClock } from "@tidewire/foundation";
import { parseEndpoint } from "../src/address.ts";
import { DatagramPort } from "../src/datagram-port.ts";
import { ExchangePort } from "../src/exchange-port.ts";
import { KeyRing } from "../src/key-ring.ts";
import { transportMetrics } from "../src/metrics.ts";
import { Opener } from "../src/seal.ts";

const ring = new KeyRing([new Uint8Array(32).fill(1)]);
const clock = new SystemClock();
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A sink that remembers which reasons were counted, and tells of the next one. */
function refusals(): { readonly sink: MetricsSink; readonly reasons: string[]; next(): Promise<string> } {
  const reasons: string[] = [];
  const waiting: ((reason: string) => void)[] = [];
  const sink: MetricsSink = {
    ...noMetrics,
    counter: (name) => ({
      add: (_amount, labels) => {
        if (name !== "tidewire_gossip_refused_total") return;
        reasons.push(labels!["reason"]!);
        waiting.shift()?.(labels!["reason"]!);
      },
    }),
  };
  return { sink, reasons, next: () => new Promise((resolve) => waiting.push(resolve)) };
}

async function datagramPort(sink = noMetrics, label = "test"): Promise<{ port: DatagramPort; address: string }> {
  const port = new DatagramPort(ring, new Opener(ring), label, transportMetrics(sink));
  ends.push(() => port.close());
  return { port, address: `127.0.0.1:${await port.bind({ host: "127.0.0.1", port: 0 })}` };
}

async function rawSocket(): Promise<{ socket: DatagramSocket; address: string }> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  ends.push(() => socket.close());
  return { socket, address: `127.0.0.1:${socket.address().port}` };
}

async function exchangePort(sink = noMetrics, options: { inboundMax?: number; inboundMs?: number } = {}) {
  const port = new ExchangePort(
    { ring, opener: new Opener(ring), clock, metrics: transportMetrics(sink) },
    { label: "test", inboundMax: 8, inboundMs: 2_000, ...options },
  );
  ends.push(() => port.close());
  // The kernel picks a free port; the exchange port itself wants to be told one.
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port: number } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  await port.listen({ host: "127.0.0.1", port: number });
  return { port, address: `127.0.0.1:${number}` };
}

const request = (
  port: ExchangePort,
  to: string,
  body: Uint8Array,
  timeoutMs = 5_000,
): Promise<Uint8Array | undefined> => new Promise((resolve) => port.request(to, body, timeoutMs, resolve));

describe("datagrams", () => {
  test("arrive with the address of their sender", async () => {
    const [one, other] = [await datagramPort(), await datagramPort()];
    const arrived = new Promise<[string, string]>((resolve) => {
      other.port.receive = (from, packet) => resolve([from, Buffer.from(packet).toString()]);
    });
    one.port.send(other.address, Buffer.from("hello"));
    expect(await arrived).toEqual([one.address, "hello"]);
  });

  test("that were recorded and played back, made up, or sent to another group, are refused", async () => {
    const counted = refusals();
    const target = await datagramPort(counted.sink);
    const { socket, address } = await rawSocket();
    let received = 0;
    const [sender, foreigner] = [await datagramPort(), await datagramPort(noMetrics, "other")];

    const recorded = once(socket, "message") as Promise<[Buffer]>;
    sender.port.send(address, Buffer.from("recorded"));
    const [sealed] = await recorded;
    const foreign = once(socket, "message") as Promise<[Buffer]>;
    foreigner.port.send(address, Buffer.from("foreign"));
    const [sealedElsewhere] = await foreign;

    const { port } = parseEndpoint(target.address);
    const genuine = new Promise((resolve) => {
      target.port.receive = (_from, packet) => resolve(Buffer.from(packet).toString());
    });
    socket.send(sealed, port, "127.0.0.1");
    expect(await genuine).toBe("recorded");
    target.port.receive = () => received++;
    for (const [bytes, reason] of [
      [sealed, "replayed"],
      [sealedElsewhere, "sealed_wrongly"],
      [Buffer.from("garbage"), "sealed_wrongly"],
      [Buffer.alloc(0), "sealed_wrongly"],
      [Buffer.alloc(1_400, 1), "sealed_wrongly"],
    ] as const) {
      const next = counted.next();
      socket.send(bytes, port, "127.0.0.1");
      expect(await next).toBe(reason);
    }
    expect(received).toBe(0);
  });

  test("to addresses that are none are lost in silence", async () => {
    const { port } = await datagramPort();
    for (const address of ["", "nowhere", "127.0.0.1:0", "127.0.0.1:99999", "[::1:4"]) port.send(address, Buffer.of(1));
  });
});

describe("exchanges", () => {
  test("carry messages of any size up to the bound, each with its own answer", async () => {
    const [client, server] = [await exchangePort(), await exchangePort()];
    server.port.serve = (_from, body, reply) => reply(Buffer.concat([body, Buffer.from("!")]));
    for (const size of [0, 1, 65_535, 65_536, 65_537, 1_000_000]) {
      const body = Buffer.alloc(size, size % 251);
      expect(
        Buffer.compare((await request(client.port, server.address, body))!, Buffer.concat([body, Buffer.from("!")])),
      ).toBe(0);
    }
  });

  test("end without an answer where nobody listens, nobody answers, or the address is none", async () => {
    const [client, server] = [await exchangePort(), await exchangePort()];
    expect(await request(client.port, "127.0.0.1:1", Buffer.of(1))).toBeUndefined();
    expect(await request(client.port, server.address, Buffer.of(1), 50)).toBeUndefined();
    expect(await request(client.port, "x", Buffer.of(1))).toBeUndefined();
  });

  test("with a stranger end at once", async () => {
    const stranger = createServer((socket) => socket.end(Buffer.alloc(200, 0)));
    stranger.listen(0, "127.0.0.1");
    await once(stranger, "listening");
    ends.push(() => stranger.close());
    const { port: client } = await exchangePort();
    const { port } = stranger.address() as { port: number };
    expect(await request(client, `127.0.0.1:${port}`, Buffer.of(1))).toBeUndefined();
  });

  test.each([
    ["garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a length of four gigabytes", Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["a length of nothing", Buffer.from([0, 0, 0, 0])],
    ["a piece sealed by nobody", Buffer.concat([Buffer.from([0, 0, 0, 60]), Buffer.alloc(60, 1)])],
  ])("from someone who sends %s are cut off", async (_what, bytes) => {
    const counted = refusals();
    const server = await exchangePort(counted.sink);
    let served = 0;
    server.port.serve = () => served++;
    const { port } = parseEndpoint(server.address);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(bytes);
    await once(socket, "close");
    expect(counted.reasons).toEqual(["bad_request"]);
    expect(served).toBe(0);
  });

  test("of someone who connects and says nothing are ended, and only so many are let in", async () => {
    const counted = refusals();
    const server = await exchangePort(counted.sink, { inboundMax: 2, inboundMs: 300 });
    const { port } = parseEndpoint(server.address);
    const sockets = Array.from({ length: 3 }, () => connect(port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "close")));
    expect(counted.reasons).toEqual(["inbound_full"]);
  });
});
