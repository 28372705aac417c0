import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Server as GrpcServer,
  Metadata,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type MetricsSink, noLogger, noMetrics, SeededRandom, SystemClock, SystemRandom } from "@tidewire/foundation";
import { LinkError, type LinkListener, LinkServiceTable } from "@tidewire/link";
import {
  echo,
  Later,
  MetricsRecorder,
  Opener,
  parcel,
  rejection,
  Server,
  StallingProxy,
  type TestCertificate,
  testCertificate,
  watch,
} from "@tidewire/link/compliance";
import { ControlType, DialHandshake, introductionOf } from "@tidewire/link-binary/handshake";
import { Reader } from "@tidewire/wire";
import { createGrpcLinkTransport, type GrpcLinkOptions } from "../src/index.ts";
import { CONTROL_PATH, READY_TYPE, STREAM_PATH, TOKEN_KEY } from "../src/service.ts";

const KEY = "a key for tests only";

describe("gRPC transport", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => void setImmediate(resolve));
  });

  function transport(nodeId: string, options: Partial<GrpcLinkOptions> = {}, metrics: MetricsSink = noMetrics) {
    const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics };
    return createGrpcLinkTransport({ nodeId, role: "tool", sharedKey: KEY, ...options }, modules);
  }

  async function listening(
    options: Partial<GrpcLinkOptions> = {},
    metrics: MetricsSink = noMetrics,
  ): Promise<{ listener: LinkListener; server: Server }> {
    const server = new Server();
    const services = new LinkServiceTable();
    services.unary(echo, (request) => request);
    services.stream(watch, server.handler);
    const listener = await transport("server", options, metrics).listen("127.0.0.1:0", services);
    closers.push(() => listener.close());
    return { listener, server };
  }

  /** The status a raw gRPC stream ends with. */
  function statusOf(address: string, path: string, metadata: Metadata, message?: Buffer): Promise<number> {
    const client = new Client(address, credentials.createInsecure());
    closers.push(() => client.close());
    const identity = (bytes: Buffer): Buffer => bytes;
    const call = client.makeBidiStreamRequest(path, identity, identity, metadata);
    const ended = new Later<number>();
    call.on("error", () => {});
    call.on("data", () => {});
    call.on("status", (result) => ended.resolve(result.code));
    if (message !== undefined) call.write(message);
    return ended.promise;
  }

  it.each([
    ["another key", { sharedKey: "not the key of the fleet" }, "unauthenticated"],
    ["a newer protocol", { versions: { min: 2, max: 4 } }, "unsupported"],
  ] as const)("fails to dial with %s, and says so", async (_what, options, code) => {
    const { listener } = await listening();
    const error = await rejection(transport("client", options).dial(listener.address));
    expect(error).toBeInstanceOf(LinkError);
    expect(error).toMatchObject({ code, isSent: false });
    expect(listener.connectionCount).toBe(0);
  });

  it("serves nobody who does not shake hands first", async () => {
    const { listener, server } = await listening({ handshakeTimeoutMs: 100 });
    const { address } = listener;
    const open = Buffer.alloc(28, 1);
    expect(await statusOf(address, "/tidewire.link.Link/Connect", new Metadata(), open)).toBe(status.CANCELLED);
    expect(await statusOf(address, "/tidewire.link.Link/Connect", new Metadata())).toBe(status.CANCELLED);
    const forged = new Metadata();
    forged.set("tidewire-connection", "00".repeat(16));
    expect(await statusOf(address, "/tidewire.link.Link/Stream", forged, open)).toBe(status.UNAUTHENTICATED);
    expect(await statusOf(address, "/tidewire.link.Link/Stream", new Metadata(), open)).toBe(status.UNAUTHENTICATED);
    expect(server.streams).toHaveLength(0);
  });

  it("closes on those who connect and open no stream, however alive they are", async () => {
    const { listener } = await listening({ handshakeTimeoutMs: 100 });
    const ours = await transport("client").dial(listener.address);
    const silent = connect({ host: "127.0.0.1", port: Number(listener.address.split(":")[1]) });
    const alive = connectHttp2(`http://${listener.address}`);
    closers.push(
      () => silent.destroy(),
      () => alive.destroy(),
    );
    silent.resume();
    await Promise.all([once(silent, "close"), once(alive, "close")]);
    expect(listener.connectionCount).toBe(1);
    expect((await ours.call(echo, parcel(2))).number).toBe(2);
    await ours.close();
  });

  describe("strangers, by number", () => {
    const HANDSHAKES = "tidewire_link_grpc_handshakes_total";

    /** A TCP connection that says nothing. */
    function silentPeer(address: string): Socket {
      const socket = connect({ host: "127.0.0.1", port: Number(address.split(":")[1]) });
      socket.on("error", () => {}).resume();
      closers.push(() => socket.destroy());
      return socket;
    }

    it.each(["internals", "public"] as const)(
      "drops one connection too many that has not shaken hands, %s",
      async (tuning) => {
        const metrics = new MetricsRecorder();
        const { listener } = await listening({ handshakesMax: 1, tuning }, metrics);
        // Those who have shaken hands take nobody's place.
        const ours = await transport("client").dial(listener.address);
        const others = await transport("other").dial(listener.address);
        const silent = silentPeer(listener.address);
        await once(silent, "connect");
        await once(silentPeer(listener.address), "close");
        expect(metrics.value(`${HANDSHAKES}{side=listening,result=full}`)).toBe(1);
        expect(await rejection(transport("late").dial(listener.address))).toMatchObject({
          code: "unavailable",
          isSent: false,
        });
        expect(metrics.value(`${HANDSHAKES}{side=listening,result=full}`)).toBeGreaterThan(1);
        expect((await ours.call(echo, parcel(2))).number).toBe(2);
        // A place that was left is not kept for strangers.
        await others.close();
        while (listener.connectionCount > 1) await new Promise((resolve) => void setImmediate(resolve));
        const dropped = metrics.value(`${HANDSHAKES}{side=listening,result=full}`);
        // Several, because the first may come before its TCP connection has ended here.
        for (let tried = 0; tried < 5; tried++) await once(silentPeer(listener.address), "close");
        expect(metrics.value(`${HANDSHAKES}{side=listening,result=full}`)).toBe(dropped + 5);
        expect([silent.destroyed, listener.connectionCount]).toEqual([false, 1]);
        await ours.close();
      },
    );

    it("refuses one handshake too many over one connection", async () => {
      const metrics = new MetricsRecorder();
      const { listener } = await listening({ handshakesMax: 2 }, metrics);
      const client = new Client(listener.address, credentials.createInsecure());
      closers.push(() => client.close());
      const identity = (bytes: Buffer): Buffer => bytes;
      const greeted: Promise<number>[] = [];
      for (let opened = 0; opened < 3; opened++) {
        const call = client.makeBidiStreamRequest(CONTROL_PATH, identity, identity, new Metadata());
        const ended = new Later<number>();
        call.on("error", () => {}).on("status", (result) => ended.resolve(result.code));
        call.resume();
        greeted.push(ended.promise);
      }
      expect(await Promise.race(greeted)).toBe(status.RESOURCE_EXHAUSTED);
      expect(metrics.value(`${HANDSHAKES}{side=listening,result=full}`)).toBe(1);
    });

    it("counts TLS handshakes that fail", async () => {
      const metrics = new MetricsRecorder();
      const certificate = testCertificate("server");
      const { listener } = await listening({ certificate, handshakeTimeoutMs: 500 }, metrics);
      const stranger = transport("stranger", { certificate: testCertificate("stranger") });
      await rejection(stranger.dial(listener.address));
      const talker = silentPeer(listener.address);
      talker.write("GET / HTTP/1.1\r\n\r\n");
      await once(talker, "close");
      expect(metrics.value(`${HANDSHAKES}{side=listening,result=tls}`)).toBe(2);
      const ours = await transport("client", { certificate: testCertificate("client") }).dial(listener.address);
      expect(metrics.value(`${HANDSHAKES}{side=listening,result=tls}`)).toBe(2);
      await ours.close();
    });
  });

  describe("behind a good handshake", () => {
    const identity = (bytes: Buffer): Buffer => bytes;
    const message = (type: number, stream: number, method: number, body: Uint8Array): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt8(type);
      head.writeUInt16LE(method, 2);
      head.writeUInt32LE(stream, 4);
      return Buffer.concat([head, body]);
    };

    function statusCome(call: ClientDuplexStream<Buffer, Buffer>): Promise<void> {
      const come = new Later<void>();
      call.on("status", () => come.resolve());
      return come.promise;
    }

    /** A connection whose dialling side is this test: its control stream, its token, and when it ended. */
    async function shaken(address: string) {
      const client = new Client(address, credentials.createInsecure());
      closers.push(() => client.close());
      const modules = { clock: new SystemClock(), random: new SystemRandom() };
      const limits = { heartbeatMs: 5_000, inFlightMax: 100 };
      const ours = introductionOf({ nodeId: "raw", role: "tool", sharedKey: KEY }, limits, modules);
      const handshake = new DialHandshake(ours, KEY, new Uint8Array(0));
      const control = client.makeBidiStreamRequest(CONTROL_PATH, identity, identity, new Metadata());
      const token = new Later<string>();
      control.on("error", () => {});
      control.on("data", (bytes: Buffer) => {
        if (bytes[0] === READY_TYPE) token.resolve(bytes.subarray(8).toString("hex"));
        if (bytes[0] !== ControlType.welcome) return;
        const { proof } = handshake.answered(ControlType.welcome, new Reader(bytes.subarray(8)));
        control.write(message(ControlType.proof, 0, 0, proof));
      });
      const ended = statusCome(control);
      control.write(message(ControlType.hello, 0, 0, handshake.hello));
      const metadata = new Metadata();
      metadata.set(TOKEN_KEY, await token.promise);
      const openStream = () => {
        const stream = client.makeBidiStreamRequest(STREAM_PATH, identity, identity, metadata);
        stream.on("error", () => {});
        stream.resume();
        return stream;
      };
      return { control, openStream, ended };
    }

    it.each([
      ["an unknown message type", message(99, 0, 0, Buffer.alloc(0))],
      ["a message of the other side", message(19, 1, 0, Buffer.alloc(0))],
      ["a message without its header", Buffer.alloc(3)],
      ["malformed credit", message(ControlType.credit, 0, 0, Buffer.alloc(3))],
      ["a request without its header", message(18, 1, echo.id, Buffer.alloc(3))],
    ])("ends the connection on %s, with all its streams, and serves others on", async (_what, bytes) => {
      const metrics = new MetricsRecorder();
      const { listener } = await listening({}, metrics);
      const connection = await transport("client").dial(listener.address);
      const { control, openStream, ended } = await shaken(listener.address);
      // One that has not said yet which stream it is.
      const nameless = openStream();
      const namelessEnded = statusCome(nameless);
      control.write(bytes);
      await Promise.all([ended, namelessEnded]);
      expect(listener.connectionCount).toBe(1);
      expect(metrics.value("tidewire_link_grpc_breaks_total{reason=protocol}")).toBe(1);
      expect((await connection.call(echo, parcel(1))).number).toBe(1);
      await connection.close();
    });

    it("ends the connection on a stream of its own that begins without a header", async () => {
      const metrics = new MetricsRecorder();
      const { listener } = await listening({}, metrics);
      const { openStream, ended } = await shaken(listener.address);
      openStream().write(Buffer.alloc(3));
      await ended;
      expect(listener.connectionCount).toBe(0);
      expect(metrics.value("tidewire_link_grpc_breaks_total{reason=protocol}")).toBe(1);
    });

    it("takes only so many streams that do not say which they are", async () => {
      const metrics = new MetricsRecorder();
      const { listener } = await listening({ inFlightMax: 2 }, metrics);
      const { openStream, ended } = await shaken(listener.address);
      for (let opened = 0; opened < 3; opened++) openStream();
      await ended;
      expect(listener.connectionCount).toBe(0);
      expect(metrics.value("tidewire_link_grpc_breaks_total{reason=protocol}")).toBe(1);
    });

    it("takes no stream for a connection that is over", async () => {
      const { listener } = await listening();
      const { control, openStream, ended } = await shaken(listener.address);
      control.end();
      await ended;
      const late = new Later<number>();
      openStream().on("status", (result) => late.resolve(result.code));
      expect(await late.promise).toBe(status.UNAUTHENTICATED);
    });

    it("survives random bytes", async () => {
      const { listener } = await listening();
      const random = new SeededRandom(7);
      const types = [7, 16, 18, 21, 22, 23, 25, 3, 6];
      for (let round = 0; round < 12; round++) {
        const { control, openStream, ended } = await shaken(listener.address);
        const streams = [control, openStream(), openStream()];
        const body = Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
        for (let sent = 0; sent < 20; sent++) {
          const bytes = message(types[random.below(types.length)] as number, random.below(5), echo.id, body);
          const at = streams[random.below(streams.length)] as typeof control;
          at.write(random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
        }
        control.end();
        await ended;
      }
      const connection = await transport("client").dial(listener.address);
      expect((await connection.call(echo, parcel(1))).number).toBe(1);
      await connection.close();
    });
  });

  it("refuses one connection too many", async () => {
    const { listener } = await listening({ connectionsMax: 1 });
    const first = await transport("client").dial(listener.address);
    const error = await rejection(transport("other").dial(listener.address));
    expect(error).toMatchObject({ code: "unavailable", isSent: false });
    await first.close();
  });

  it("says `unsupported` of a gRPC server that is no link, and `timeout` of one that is silent", async () => {
    const other = new GrpcServer();
    const port = await new Promise<number>((resolve, reject) =>
      other.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    closers.push(() => other.forceShutdown());
    const error = await rejection(transport("client").dial(`127.0.0.1:${port}`));
    expect(error).toMatchObject({ code: "unsupported", isSent: false });
    const { listener } = await listening();
    const proxy = await StallingProxy.to(listener.address);
    closers.push(() => proxy.close());
    proxy.stall();
    const silent = await rejection(transport("client", { handshakeTimeoutMs: 100 }).dial(proxy.address));
    expect(silent).toMatchObject({ code: "timeout", isSent: false });
  });

  it.each(["multiplexed", "stream-per-document"] as const)("finds a dead peer by its silence, %s", async (shape) => {
    const { listener, server } = await listening({ heartbeatMs: 100 });
    const proxy = await StallingProxy.to(listener.address);
    closers.push(() => proxy.close());
    const connection = await transport("client", { heartbeatMs: 100, shape }).dial(proxy.address);
    const opener = new Opener();
    connection.open(watch, parcel(1), opener);
    await server.opened();
    proxy.stall();
    expect(await opener.ended.promise).toMatchObject({ code: "unavailable" });
    await server.cancelled.promise;
    expect(server.causes).toMatchObject([{ code: "unavailable" }]);
    expect([opener.ends.length, listener.connectionCount]).toEqual([1, 0]);
  });

  it("closes on those who never finish a TLS handshake", async () => {
    const { listener } = await listening({ certificate: testCertificate("server"), handshakeTimeoutMs: 100 });
    const silent = connect({ host: "127.0.0.1", port: Number(listener.address.split(":")[1]) });
    closers.push(() => silent.destroy());
    silent.resume();
    // The beginning of a record of 512 bytes that does not come.
    silent.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    await once(silent, "close");
  }, 5_000);

  it.each([
    ["a TLS handshake", { certificate: testCertificate("client") }],
    ["greeting", {}],
  ])(
    "leaves a peer that never finishes %s",
    async (_what, options) => {
      const left = new Later<void>();
      const mute = createServer((socket) => {
        closers.push(() => socket.destroy());
        socket.resume().once("close", () => left.resolve());
      });
      mute.listen(0, "127.0.0.1");
      await once(mute, "listening");
      closers.push(() => mute.close());
      const { port } = mute.address() as AddressInfo;
      const dialling = transport("client", { ...options, handshakeTimeoutMs: 100 }).dial(`127.0.0.1:${port}`);
      expect(await rejection(dialling)).toMatchObject({ code: "timeout", isSent: false });
      await left.promise;
    },
    5_000,
  );

  it("speaks no TLS before 1.3", async () => {
    const { listener } = await listening({ certificate: testCertificate("server") });
    const { cert, key, ca, serverName } = testCertificate("client");
    const port = Number(listener.address.split(":")[1]);
    const old = connectTls({ host: "127.0.0.1", port, cert, key, ca, servername: serverName, maxVersion: "TLSv1.2" });
    closers.push(() => old.destroy());
    const [error] = (await once(old, "error")) as [Error];
    expect(error.message).toContain("protocol version");
  });

  it("carries calls and streams over mutual TLS without a shared key", async () => {
    const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
    const secure = (nodeId: TestCertificate) =>
      createGrpcLinkTransport({ nodeId, role: "tool", certificate: testCertificate(nodeId) }, modules);
    const services = new LinkServiceTable();
    services.unary(echo, (request) => request);
    const listener = await secure("server").listen("127.0.0.1:0", services);
    closers.push(() => listener.close());
    const connection = await secure("client").dial(listener.address);
    expect((await connection.call(echo, parcel(4))).number).toBe(4);
    await connection.close();
    for (const refused of [transport("client"), secure("stranger")]) {
      const error = await rejection(refused.dial(listener.address));
      expect(error).toMatchObject({ code: "unavailable", isSent: false });
    }
    const other = { ...testCertificate("client"), serverName: "another.cluster" };
    const careful = createGrpcLinkTransport({ nodeId: "client", role: "tool", certificate: other }, modules);
    expect(await rejection(careful.dial(listener.address))).toMatchObject({ code: "unavailable", isSent: false });
  });
});
