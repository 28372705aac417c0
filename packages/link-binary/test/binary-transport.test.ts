import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ManualClock, SeededRandom, type ServiceError } from "@tidewire/foundation";
import type { LinkConnection } from "@tidewire/link";
import { echo, Opener, parcel, patternBytes, rejection, StallingProxy, watch } from "@tidewire/link/compliance";
import { PingCodec, PongCodec } from "@tidewire/link/session";
import { Reader, Writer } from "@tidewire/wire";
import { ControlType } from "../src/frame.ts";
import { ListenHandshake } from "../src/handshake/handshake.ts";
import { frame, introduction, KEY, RawPeer } from "./raw-peer.ts";
import { Rig, turn } from "./rig.ts";

const endOf = (connection: LinkConnection): Promise<ServiceError | undefined> =>
  new Promise((resolve) => connection.onClose(resolve));

describe("binary transport", () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });
  afterEach(() => rig.close());

  describe("a peer that dies", () => {
    it("is found by its silence, on either side, though TCP says nothing", async () => {
      const clock = new ManualClock();
      const { listener, server, metrics } = await rig.listening({}, clock);
      const proxy = await StallingProxy.to(listener.address);
      rig.onClose(() => proxy.close());
      const { transport: dialling, metrics: diallingMetrics } = rig.transport("client", {}, clock);
      const connection = await dialling.dial(proxy.address);
      const ended = endOf(connection);
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      await server.opened();
      proxy.stall();
      clock.advance(9_000);
      for (let index = 0; index < 5; index++) await turn();
      expect([opener.ends.length, server.cancellations]).toEqual([0, 0]);
      for (let waitedMs = 9_000; waitedMs < 12_500; waitedMs += 100) {
        clock.advance(100);
        await turn();
      }
      expect(await ended).toMatchObject({ code: "unavailable" });
      expect(await opener.ended.promise).toMatchObject({ code: "unavailable" });
      await server.cancelled.promise;
      expect(metrics.value("breaks_total{reason=dead_peer}")).toBe(1);
      expect(diallingMetrics.value("breaks_total{reason=dead_peer}")).toBe(1);
      expect(listener.connectionCount).toBe(0);
    });

    it("lives on heartbeats alone, and shows its round trip", async () => {
      const clock = new ManualClock();
      const { listener, server } = await rig.listening({}, clock);
      const { transport: dialling, metrics } = rig.transport("client", {}, clock);
      const connection = await dialling.dial(listener.address);
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      await server.opened();
      for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 250) {
        clock.advance(250);
        for (let index = 0; index < 4; index++) await turn();
      }
      expect([connection.isOpen, opener.ends.length, listener.connectionCount]).toEqual([true, 0, 1]);
      expect(metrics.value("round_trip_seconds")).toBeGreaterThan(5);
    });

    it("that stops answering after the handshake fails calls with `unavailable`, as sent", async () => {
      const clock = new ManualClock();
      const { transport: dialling } = rig.transport("client", {}, clock);
      const address = await rig.rawServer(async (peer) => {
        rig.onClose(() => peer.socket.destroy());
        await peer.framesCome(1);
        const handshake = new ListenHandshake(introduction("half"), [KEY], new Uint8Array(0));
        const hello = new Reader(peer.frames[0]?.body ?? new Uint8Array(0));
        peer.socket.write(frame(ControlType.welcome, handshake.greeted(ControlType.hello, hello)));
      });
      const connection = await dialling.dial(address);
      const call = rejection(connection.call(echo, parcel(1)));
      await turn();
      for (let waitedMs = 0; waitedMs < 12_500; waitedMs += 100) {
        clock.advance(100);
        await turn();
      }
      expect(await call).toMatchObject({ code: "unavailable", isSent: true });
      expect(connection.isOpen).toBe(false);
    });

    it.each([
      ["resets the connection", (peer: RawPeer) => peer.socket.resetAndDestroy()],
      ["ends it without go-away", (peer: RawPeer) => peer.socket.end()],
    ])("and %s cancels what it had open", async (_what, die) => {
      const { listener, server, metrics } = await rig.listening();
      const peer = await RawPeer.dial(listener.address);
      await peer.shakeHands();
      const open = Buffer.alloc(8 + 12);
      open.writeUInt32LE(1_000);
      peer.socket.write(frame(16, open, 1, 0, watch.id));
      await server.opened();
      expect(server.stream.peer).toEqual({ nodeId: "raw", role: "tool" });
      die(peer);
      await server.cancelled.promise;
      expect([listener.connectionCount, metrics.value("breaks_total{reason=network}")]).toEqual([0, 1]);
    });
  });

  it.each([
    ["an unknown frame type", frame(99, Buffer.alloc(0))],
    ["a frame of the other side", frame(19, Buffer.alloc(0), 1)],
    ["a length that cannot be", Buffer.alloc(8, 0xff)],
    ["a request without its header", frame(18, Buffer.alloc(3), 1, 0, echo.id)],
    ["a control frame in fragments", frame(ControlType.ping, Buffer.alloc(9), 0, 1)],
    ["malformed credit", frame(ControlType.credit, Buffer.alloc(3))],
    ["a second greeting", frame(ControlType.hello, Buffer.alloc(100))],
  ])("closes the connection on %s, and serves others on", async (_what, bytes) => {
    const { listener, metrics } = await rig.listening();
    const { transport: dialling } = rig.transport("client");
    const connection = await dialling.dial(listener.address);
    const peer = await RawPeer.dial(listener.address);
    await peer.shakeHands();
    peer.socket.write(bytes);
    await peer.closed.promise;
    expect(metrics.value("breaks_total{reason=protocol}")).toBe(1);
    expect((await connection.call(echo, parcel(1))).number).toBe(1);
    await connection.close();
  });

  it("keeps no part of a large message whose stream has ended", async () => {
    const clock = new ManualClock();
    const peers: RawPeer[] = [];
    const address = await rig.rawServer(async (peer) => {
      rig.onClose(() => peer.socket.destroy());
      peers.push(peer);
      await peer.framesCome(1);
      const handshake = new ListenHandshake(introduction("raw"), [KEY], new Uint8Array(0));
      const hello = new Reader(peer.frames[0]?.body ?? new Uint8Array(0));
      peer.socket.write(frame(ControlType.welcome, handshake.greeted(ControlType.hello, hello)));
    });
    const { transport, metrics } = rig.transport("client", {}, clock);
    const connection = await transport.dial(address);
    const stream = connection.open(watch, parcel(1), new Opener());
    const assemblies = async (): Promise<number> => {
      // A second of counting, with time for the sockets before it.
      await peers[0]?.framesCome((peers[0]?.frames.length ?? 0) + 1);
      clock.advance(1_000);
      return metrics.value("waiting_bytes{what=assemblies}");
    };
    const first = Buffer.alloc(104);
    first.writeUInt32LE(1_000_000);
    const ping = frame(ControlType.ping, Buffer.alloc(9));
    await peers[0]?.framesCome(3);
    peers[0]?.socket.write(Buffer.concat([frame(21, first, stream.id, 1, watch.id), ping]));
    expect(await assemblies()).toBe(1_000_000);
    stream.cancel();
    expect(await assemblies()).toBe(0);
    peers[0]?.socket.write(Buffer.concat([frame(21, first, stream.id, 1, watch.id), ping]));
    expect(await assemblies()).toBe(0);
  });

  it("measures no round trip by an answer to nothing", async () => {
    const { listener, metrics } = await rig.listening();
    const peer = await RawPeer.dial(listener.address);
    await peer.shakeHands();
    const writer = new Writer();
    PongCodec.encode(writer, { sentAt: 1, load: 0 });
    peer.socket.write(frame(ControlType.pong, writer.take()));
    // An answered ping says that what came before it was read.
    const ping = new Writer();
    PingCodec.encode(ping, { sentAt: 1, load: 0 });
    peer.socket.write(frame(ControlType.ping, ping.take()));
    await peer.framesCome(2);
    expect(metrics.value("round_trip_seconds")).toBe(0);
    peer.socket.destroy();
    await peer.closed.promise;
  });

  it("survives random bytes behind a good handshake", async () => {
    const { listener } = await rig.listening();
    const random = new SeededRandom(99);
    for (let round = 0; round < 40; round++) {
      const peer = await RawPeer.dial(listener.address);
      await peer.shakeHands();
      const body = Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
      const types = [7, 16, 18, 21, 22, 23, 25, 3, 6];
      for (let sent = 0; sent < 20; sent++) {
        const bytes = frame(
          types[random.below(types.length)] as number,
          body,
          random.below(5),
          random.below(4),
          echo.id,
        );
        peer.socket.write(random.below(4) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      }
      peer.socket.end();
      await peer.closed.promise;
    }
    const { transport: dialling } = rig.transport("client");
    const connection = await dialling.dial(listener.address);
    expect((await connection.call(echo, parcel(1))).number).toBe(1);
    await connection.close();
  });

  it("does not let a frozen reader cost more than its bounds, nor hurt anyone else", async () => {
    const { listener, server, metrics, transport: serving } = await rig.listening();
    const proxy = await StallingProxy.to(listener.address);
    rig.onClose(() => proxy.close());
    const frozen = await rig.transport("frozen").transport.dial(proxy.address);
    const healthy = await rig.transport("healthy").transport.dial(listener.address);
    frozen.open(watch, parcel(1), new Opener(), { credit: 1e6 });
    await server.opened();
    const opener = new Opener(() => stream.grant(1));
    const stream = healthy.open(watch, parcel(2), opener, { credit: 8 });
    await server.opened(2);
    const [toFrozen, toHealthy] = server.streams as [(typeof server.streams)[0], (typeof server.streams)[0]];
    proxy.stall();
    const piece = parcel(0, "", patternBytes(8_000, 1));
    let heldBack = 0;
    for (let round = 0; round < 4_000; round++) {
      const ready = [toFrozen, toHealthy].filter((each) => each.credit > 0);
      if (!ready.includes(toFrozen)) heldBack++;
      if (ready.length > 0) serving.sendToMany(ready, piece);
      if (round % 4 === 0) await turn();
      if (round % 500 === 0) expect((await healthy.call(echo, parcel(round))).number).toBe(round);
    }
    expect(heldBack).toBeGreaterThan(1_000);
    expect(toFrozen.isOpen).toBe(true);
    await opener.received(1_000);
    // The gauge is of the last second; a connection that comes or goes refreshes it.
    await healthy.close();
    await turn();
    while (listener.connectionCount > 1) await turn();
    expect(metrics.value("waiting_bytes{what=frames}")).toBeGreaterThan(1_000_000);
    expect(metrics.value("waiting_bytes{what=frames}")).toBeLessThan(2_000_000);
    expect(metrics.value("congested_connections")).toBe(1);
    expect(metrics.value("stalls_total")).toBeGreaterThan(0);
  });

  it("is not blocked by a large message: small calls are answered while it is under way", async () => {
    const { listener, server } = await rig.listening();
    const connection = await rig.transport("client").transport.dial(listener.address);
    const opener = new Opener();
    connection.open(watch, parcel(1), opener);
    await server.opened();
    let answered = 0;
    const order: string[] = [];
    const big = opener.received(1).then(() => order.push(`big after ${answered}`));
    server.stream.send(parcel(1, "", patternBytes(15_000_000, 1)));
    for (let index = 0; index < 20; index++) {
      await connection.call(echo, parcel(index));
      answered++;
    }
    order.push("calls");
    await big;
    expect(order).toEqual(["calls", "big after 20"]);
    await connection.close();
  });

  it("counts what passes, and writes many frames at once", async () => {
    const { listener, metrics } = await rig.listening();
    const { transport: dialling, metrics: diallingMetrics } = rig.transport("client");
    const connection = await dialling.dial(listener.address);
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => connection.call(echo, parcel(index, "x".repeat(100)))),
    );
    expect(metrics.value("connections{side=listening}") + diallingMetrics.value("connections{side=dialling}")).toBe(2);
    await connection.close();
    while (listener.connectionCount > 0) await turn();
    // 1,000 requests, and at most a handful of frames of the handshake and the end.
    expect(diallingMetrics.value("frames_total{direction=out}")).toBeGreaterThanOrEqual(1_003);
    expect(diallingMetrics.value("frames_total{direction=out}")).toBeLessThan(1_010);
    expect(diallingMetrics.value("flushes_total")).toBeLessThan(1_000 / 8);
    expect(metrics.value("flushes_total")).toBeLessThan(1_000 / 8);
    expect(metrics.value("bytes_total{direction=in}")).toBe(diallingMetrics.value("bytes_total{direction=out}"));
    expect(diallingMetrics.value("bytes_total{direction=in}")).toBe(metrics.value("bytes_total{direction=out}"));
    expect(metrics.value("connections{side=listening}")).toBe(0);
    expect(diallingMetrics.value("handshakes_total{side=dialling,result=open}")).toBe(1);
  });
});
