import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { noLogger, noMetrics, SeededRandom, SystemClock } from "@tidewire/foundation";
import { LinkError } from "@tidewire/link";
import { echo, parcel, rejection } from "@tidewire/link/compliance";
import { Reader } from "@tidewire/wire";
import { ControlType } from "../src/frame.ts";
import { DialHandshake, ListenHandshake } from "../src/handshake/handshake.ts";
import { createBinaryLinkTransport } from "../src/index.ts";
import { frame, introduction, KEY, RawPeer } from "./raw-peer.ts";
import { Rig } from "./rig.ts";

describe("handshake over TCP", () => {
  let rig: Rig;
  beforeEach(() => {
    rig = new Rig();
  });
  afterEach(() => rig.close());

  describe("strangers", () => {
    it.each([
      ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: example\r\n\r\n")],
      ["an HTTP/2 preface", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
      ["another magic", frame(ControlType.hello, Buffer.alloc(140, 7))],
      ["a request first", frame(18, Buffer.alloc(20), 1)],
      ["a short greeting", frame(ControlType.hello, Buffer.from("TDWL"))],
      ["a frame that is too large for a greeting", frame(ControlType.hello, Buffer.alloc(5_000))],
    ])("closes on %s without a word", async (_what, bytes) => {
      const { listener, metrics } = await rig.listening();
      const peer = await RawPeer.dial(listener.address);
      peer.socket.write(bytes);
      await peer.closed.promise;
      expect(peer.receivedBytes).toBe(0);
      expect(listener.connectionCount).toBe(0);
      expect(metrics.value("handshakes_total{side=listening,result=stranger}")).toBe(1);
    });

    it("gives a silent one no more than the handshake time", async () => {
      const { listener, metrics } = await rig.listening({ handshakeTimeoutMs: 40 });
      const peer = await RawPeer.dial(listener.address);
      await peer.closed.promise;
      expect(peer.receivedBytes).toBe(0);
      expect(metrics.value("handshakes_total{side=listening,result=timeout}")).toBe(1);
    });

    it("serves nothing before the proof", async () => {
      const { listener, server } = await rig.listening();
      const peer = await RawPeer.dial(listener.address);
      const handshake = new DialHandshake(introduction("raw"), KEY, new Uint8Array(0));
      peer.socket.write(frame(ControlType.hello, handshake.hello));
      await peer.framesCome(1);
      peer.socket.write(frame(16, Buffer.alloc(40), 1));
      await peer.closed.promise;
      expect([server.streams.length, peer.frames.length]).toEqual([0, 1]);
    });

    it("refuses a wrong proof of someone who overheard a greeting", async () => {
      const { listener } = await rig.listening();
      const peer = await RawPeer.dial(listener.address);
      const handshake = new DialHandshake(introduction("raw"), KEY, new Uint8Array(0));
      peer.socket.write(frame(ControlType.hello, handshake.hello));
      await peer.framesCome(1);
      peer.socket.write(frame(ControlType.proof, Buffer.alloc(32, 1)));
      await peer.closed.promise;
      expect(listener.connectionCount).toBe(0);
    });

    it("takes only so many at once", async () => {
      const { listener, metrics } = await rig.listening({ connectionsMax: 1, handshakesMax: 1 });
      const { transport: dialling } = rig.transport("client");
      await RawPeer.dial(listener.address).then(({ socket }) => rig.onClose(() => socket.destroy()));
      const second = await rejection(dialling.dial(listener.address));
      expect(second).toMatchObject({ code: "unavailable" });
      expect(metrics.value("handshakes_total{side=listening,result=full}")).toBeGreaterThan(0);
    });
  });

  describe("dialling", () => {
    it.each([
      ["another key", { sharedKey: "not the key of the fleet" }, "unauthenticated"],
      ["an older protocol", { versions: { min: 0, max: 0 } }, "unsupported"],
      ["a newer protocol", { versions: { min: 2, max: 4 } }, "unsupported"],
    ] as const)("fails with %s, and says so", async (_what, options, code) => {
      const { listener, metrics } = await rig.listening();
      const { transport: dialling, metrics: diallingMetrics } = rig.transport("client", options);
      const error = await rejection(dialling.dial(listener.address));
      expect(error).toBeInstanceOf(LinkError);
      expect(error).toMatchObject({ code, isSent: false });
      expect(metrics.value(`handshakes_total{side=listening,result=${code}}`)).toBe(1);
      expect(diallingMetrics.value(`handshakes_total{side=dialling,result=${code}}`)).toBe(1);
    });

    it("works with a newer process that still speaks our version", async () => {
      const { listener } = await rig.listening({ versions: { min: 1, max: 7 } });
      const { transport: dialling } = rig.transport("client");
      const connection = await dialling.dial(listener.address);
      expect((await connection.call(echo, parcel(3))).number).toBe(3);
      await connection.close();
    });

    it("does not trust a listener without the key, and tells it nothing more", async () => {
      const peers: RawPeer[] = [];
      const address = await rig.rawServer(async (peer) => {
        peers.push(peer);
        await peer.framesCome(1);
        // Cannot check the greeting either, so it welcomes whatever came.
        const handshake = new ListenHandshake(introduction("impostor"), [undefined], new Uint8Array(0));
        const hello = new DialHandshake(introduction("x"), undefined, new Uint8Array(0)).hello;
        peer.socket.write(frame(ControlType.welcome, handshake.greeted(ControlType.hello, new Reader(hello))));
      });
      const error = await rejection(rig.transport("client").transport.dial(address));
      expect(error).toMatchObject({ code: "unauthenticated" });
      await peers[0]?.closed.promise;
      expect(peers[0]?.frames).toHaveLength(1);
    });

    it("fails on a server that speaks something else, or nothing, or hangs up", async () => {
      const talker = await rig.rawServer((peer) => peer.socket.write("220 mail.example ESMTP\r\n"));
      const { transport: dialling } = rig.transport("client");
      const { transport: impatient } = rig.transport("client", { handshakeTimeoutMs: 60 });
      expect(await rejection(dialling.dial(talker))).toMatchObject({ code: "unsupported" });
      const silent = await rig.rawServer((peer) => rig.onClose(() => peer.socket.destroy()));
      expect(await rejection(impatient.dial(silent))).toMatchObject({ code: "timeout", isSent: false });
      const rude = await rig.rawServer((peer) => peer.socket.end());
      expect(await rejection(dialling.dial(rude))).toMatchObject({ code: "unavailable", isSent: false });
      expect(await rejection(dialling.dial("nonsense"))).toMatchObject({ code: "invalid_argument" });
    });

    it("refuses a short key and no proof at all", () => {
      expect(() => rig.transport("client", { sharedKey: "short" })).toThrow(RangeError);
      const modules = { clock: new SystemClock(), random: new SeededRandom(1), logger: noLogger, metrics: noMetrics };
      expect(() => createBinaryLinkTransport({ nodeId: "a", role: "tool" }, modules)).toThrow(RangeError);
    });
  });
});
