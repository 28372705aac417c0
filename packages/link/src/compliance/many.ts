import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { connected, type LinkHarness, type LinkSubject } from "./harness.ts";
import { Opener, type Parcel, parcel, parcelCodec, patternBytes, Server, streamMethod } from "./test-service.ts";

export function testMany(subject: LinkSubject): void {
  describe("one message for many streams", () => {
    let harness: LinkHarness;
    let encodings: number;
    const shared = {
      ...streamMethod(32, "shared"),
      down: {
        ...parcelCodec,
        encode(writer: Parameters<typeof parcelCodec.encode>[0], message: Parcel): void {
          encodings++;
          parcelCodec.encode(writer, message);
        },
      },
    };
    beforeEach(async () => {
      harness = await subject.create();
      encodings = 0;
    });
    afterEach(() => harness.close());

    it("reaches each once, over several connections, from one encoding", async () => {
      const server = new Server();
      const { connection, address } = await connected(harness, (services) => services.stream(shared, server.handler));
      const other = await harness.until(harness.otherDialling.dial(address));
      const openers = Array.from({ length: 60 }, () => new Opener());
      openers.forEach((opener, index) =>
        (index % 3 === 0 ? other : connection).open(shared, parcel(index), opener, { credit: 2 }),
      );
      await harness.until(server.opened(60));
      harness.serving.sendToMany(server.streams, parcel(7, "for all"));
      harness.serving.sendToMany(server.streams, parcel(8, "for all"));
      expect(encodings).toBe(2);
      expect(server.streams.map((stream) => stream.credit)).toEqual(server.streams.map(() => 0));
      await harness.until(Promise.all(openers.map((opener) => opener.received(2))));
      expect(openers.map((opener) => opener.numbers)).toEqual(openers.map(() => [7, 8]));
    });

    it("keeps its place among a stream's other messages, also when it is large", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(shared, server.handler));
      const big = patternBytes(700_000, 5);
      const sizes: number[][] = [[], [], []];
      const openers = sizes.map((seen) => new Opener((message) => seen.push(message.data.length)));
      for (const opener of openers) connection.open(shared, parcel(1), opener, { credit: 10 });
      await harness.until(server.opened(3));
      const [first, second, third] = server.streams as [
        (typeof server.streams)[0],
        (typeof server.streams)[0],
        (typeof server.streams)[0],
      ];
      first.send(parcel(1, "", big));
      harness.serving.sendToMany([first, second], parcel(2, "", big));
      harness.serving.sendToMany([second, third], parcel(3));
      harness.serving.sendToMany(server.streams, parcel(4, "", big));
      for (const stream of server.streams) stream.send(parcel(5));
      for (const stream of server.streams) stream.end();
      await harness.until(Promise.all(openers.map((opener) => opener.ended.promise)));
      expect(openers.map((opener) => opener.numbers)).toEqual([
        [1, 2, 4, 5],
        [2, 3, 4, 5],
        [3, 4, 5],
      ]);
      expect(sizes).toEqual([
        [700_000, 700_000, 700_000, 0],
        [700_000, 0, 700_000, 0],
        [0, 700_000, 0],
      ]);
    });

    const many = subject.streamsMany ?? 10_000;
    it(`leaves out streams that have ended and reaches ${many}`, async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(shared, server.handler));
      const openers = Array.from({ length: many }, () => new Opener());
      for (const [index, opener] of openers.entries()) connection.open(shared, parcel(index), opener, { credit: 1 });
      await harness.until(server.opened(many));
      server.streams[17]?.end();
      harness.serving.sendToMany(server.streams, parcel(9));
      await harness.until(
        Promise.all(openers.map((opener, index) => (index === 17 ? opener.ended.promise : opener.received(1)))),
      );
      expect(openers.reduce((sum, opener) => sum + opener.numbers.length, 0)).toBe(many - 1);
    }, 60_000);

    it("reaches a set of streams as it is at each message, in order with what goes to one alone", async () => {
      const server = new Server();
      const { connection, address } = await connected(harness, (services) => services.stream(shared, server.handler));
      const other = await harness.until(harness.otherDialling.dial(address));
      const big = patternBytes(700_000, 3);
      const openers = Array.from({ length: 40 }, () => new Opener());
      openers.forEach((opener, index) =>
        (index % 2 === 0 ? other : connection).open(shared, parcel(index), opener, { credit: 10 }),
      );
      await harness.until(server.opened(40));
      const streams = openers.map(
        (_, index) => server.streams.find((__, at) => server.requests[at]?.number === index)!,
      );
      const set = harness.serving.streamSet<Parcel>();
      const rest = harness.serving.streamSet<Parcel>();
      set.send(parcel(0));
      for (const stream of streams) set.add(stream);
      set.send(parcel(1));
      streams[3]!.send(parcel(2, "", big));
      set.send(parcel(3));
      for (const stream of streams.slice(0, 30)) set.delete(stream);
      for (const stream of streams.slice(20, 35)) rest.add(stream);
      set.add(streams[3]!);
      set.add(streams[3]!);
      streams[36]!.end();
      expect([set.size, rest.size]).toEqual([5, 15]);
      set.send(parcel(4));
      rest.send(parcel(5, "", big));
      rest.send(parcel(6));
      const credits = streams.map(({ credit }) => credit);
      const spent = (index: number): number => {
        if (index === 36) return 10;
        return 2 + (index === 3 ? 2 : 0) + (index >= 35 ? 1 : 0) + (index >= 20 && index < 35 ? 2 : 0);
      };
      expect(credits).toEqual(credits.map((credit, index) => (credit === 0 ? credit : 10 - spent(index))));
      for (const stream of streams) stream.end();
      await harness.until(Promise.all(openers.map((opener) => opener.ended.promise)));
      expect([set.size, rest.size, encodings]).toEqual([0, 0, 6]);
      openers.forEach(({ numbers }, index) => {
        const joined = index >= 20 && index < 35 ? [5, 6] : [];
        const own = index === 3 ? [1, 2, 3, 4] : index >= 35 && index !== 36 ? [1, 3, 4] : [1, 3];
        expect([index, numbers]).toEqual([index, [...own, ...joined]]);
      });
    });

    it("goes to none if one has no credit, and to none at all for no streams", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(shared, server.handler));
      const rich = new Opener();
      const poor = new Opener();
      connection.open(shared, parcel(1), rich, { credit: 1 });
      connection.open(shared, parcel(2), poor, { credit: 0 });
      await harness.until(server.opened(2));
      expect(() => harness.serving.sendToMany(server.streams, parcel(1))).toThrow(/credit/);
      harness.serving.sendToMany([], parcel(1));
      for (const stream of server.streams) stream.end();
      await harness.until(Promise.all([rich.ended.promise, poor.ended.promise]));
      expect([rich.numbers, poor.numbers]).toEqual([[], []]);
    });
  });
}
