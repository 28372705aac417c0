import { beforeEach, describe, expect, it } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { rejection, settledUnder } from "../src/compliance/harness.ts";
import { echo, Opener, parcel, patternBytes, Server, watch } from "../src/compliance/test-service.ts";
import { LinkServiceTable, MemoryLinkNetwork, type MemoryLinkOptions } from "../src/index.ts";

describe("memory network", () => {
  let clock: ManualClock;
  let server: Server;
  beforeEach(() => {
    clock = new ManualClock();
    server = new Server();
  });

  const settle = <Value>(promise: Promise<Value>): Promise<Value> => settledUnder(clock, promise, 60_000);

  async function network(options: Partial<MemoryLinkOptions> = {}) {
    const made = new MemoryLinkNetwork({ clock }, options);
    const services = new LinkServiceTable();
    services.stream(watch, server.handler);
    services.unary(echo, (request) => request);
    const listener = await made.node("b", "document-host").listen("b:1", services);
    return { network: made, listener, dialler: made.node("a", "edge-proxy") };
  }

  it("repeats a run exactly, latencies and all", async () => {
    const run = async (seed: number): Promise<string[]> => {
      clock = new ManualClock();
      server = new Server();
      const random = new SeededRandom(seed);
      const { dialler } = await network({ latencyMs: () => random.below(20) });
      const connection = await settle(dialler.dial("b:1"));
      const seen: string[] = [];
      const opener = new Opener((message) => seen.push(`${clock.monotonicMs()}: ${message.number}`));
      connection.open(watch, parcel(0), opener, { credit: 100 });
      await settle(server.opened());
      for (let number = 0; number < 50; number++) {
        server.stream.send(parcel(number));
        await clock.advanceAsync(random.below(5));
      }
      await settle(opener.received(50));
      expect(opener.numbers).toEqual(Array.from({ length: 50 }, (_, number) => number));
      return seen;
    };
    const first = await run(11);
    expect(await run(11)).toEqual(first);
    expect(await run(12)).not.toEqual(first);
  });

  it("holds what is under way while a path is cut, and a dial, until it is healed in time", async () => {
    const { network: net, dialler } = await network({ latencyMs: () => 3 });
    const connection = await settle(dialler.dial("b:1"));
    const opener = new Opener();
    connection.open(watch, parcel(1), opener);
    await settle(server.opened());
    net.cut("b", "a");
    expect(net.isCut("a", "b")).toBe(true);
    server.stream.send(parcel(7));
    const dial = dialler.dial("b:1");
    await clock.advanceAsync(2_000);
    expect([opener.numbers, connection.isOpen]).toEqual([[], true]);
    net.heal("a", "b");
    await settle(opener.received(1));
    expect((await settle(dial)).isOpen).toBe(true);
    await clock.advanceAsync(60_000);
    expect([connection.isOpen, opener.ends, net.connectionCount]).toEqual([true, [], 2]);
  });

  it("ends connections that stay cut, and dials that get no answer", async () => {
    const { network: net, dialler, listener } = await network();
    const connection = await settle(dialler.dial("b:1"));
    const opener = new Opener();
    connection.open(watch, parcel(1), opener);
    await settle(server.opened());
    net.cut("a", "b");
    expect(await settle(rejection(dialler.dial("b:1")))).toMatchObject({ code: "timeout", isSent: false });
    expect(await settle(opener.ended.promise)).toMatchObject({ code: "unavailable" });
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(10_000);
    expect([server.cancellations, listener.connectionCount, net.connectionCount]).toEqual([1, 0, 0]);
  });

  it("lets a node crash and come back at its address", async () => {
    const { network: net, dialler } = await network();
    const connection = await settle(dialler.dial("b:1"));
    const call = rejection(connection.call(echo, parcel(1)));
    net.crash("b");
    expect(await settle(call)).toMatchObject({ code: "unavailable" });
    expect(await settle(rejection(dialler.dial("b:1")))).toMatchObject({ code: "unavailable" });
    const services = new LinkServiceTable();
    services.unary(echo, (request) => parcel(request.number + 1));
    await net.node("b", "document-host").listen("b:1", services);
    const again = await settle(dialler.dial("b:1"));
    expect((await settle(again.call(echo, parcel(1)))).number).toBe(2);
    await expect(net.node("c", "tool").listen("b:1", services)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("cuts off a peer that is hopelessly behind", async () => {
    const { network: net, dialler } = await network({ outboundHardMaxBytes: 3_000_000, deadAfterMs: 1e9 });
    const connection = await settle(dialler.dial("b:1"));
    const opener = new Opener();
    connection.open(watch, parcel(1), opener, { credit: 1_000 });
    await settle(server.opened());
    net.cut("a", "b");
    // Paying no attention to `credit`, which reads 0 by now.
    for (let sent = 0; sent < 100; sent++) server.stream.send(parcel(sent, "", patternBytes(50_000, sent)));
    expect(await settle(opener.ended.promise)).toMatchObject({ code: "unavailable" });
    expect([server.cancellations, net.connectionCount]).toEqual([1, 0]);
  });
});
