import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import type { ServerStream } from "../link.ts";
import { connected, type LinkHarness, type LinkSubject } from "./harness.ts";
import {
  echo,
  Opener,
  type Parcel,
  parcel,
  patternBytes,
  pickyCodec,
  Server,
  streamMethod,
  watch,
} from "./test-service.ts";

export function testStreams(subject: LinkSubject): void {
  describe("streams", () => {
    let harness: LinkHarness;
    beforeEach(async () => {
      harness = await subject.create();
    });
    afterEach(() => harness.close());

    it("keeps order and bytes of small and large messages, both ways", async () => {
      // From a few bytes to well past any fragment, so that large ones are cut while small ones follow them.
      const sizes = [10, 70_000, 0, 300_000, 33, 2_000_000, 1, 40_000, 500];
      const server = new Server();
      const upData: Uint8Array[] = [];
      const { connection } = await connected(harness, (services) =>
        services.stream(watch, (request, stream, context) => {
          const handlers = server.handler(request, stream, context);
          return {
            ...handlers,
            message(message) {
              upData.push(message.data.slice());
              handlers.message?.(message);
            },
          };
        }),
      );
      const downData: Uint8Array[] = [];
      const opener = new Opener((message) => downData.push(message.data.slice()));
      const stream = connection.open(watch, parcel(1), opener, { credit: sizes.length });
      await harness.until(server.opened());
      sizes.forEach((size, index) => {
        server.stream.send(parcel(index, "", patternBytes(size, index)));
        stream.send(parcel(index, "", patternBytes(size, 100 + index)));
      });
      await harness.until(
        Promise.all([opener.received(sizes.length), server.when(() => server.ups.length === sizes.length)]),
      );
      expect(opener.numbers).toEqual(sizes.map((_, index) => index));
      expect(server.ups).toEqual(sizes.map((_, index) => index));
      sizes.forEach((size, index) => {
        expect(Buffer.compare(downData[index] as Uint8Array, patternBytes(size, index))).toBe(0);
        expect(Buffer.compare(upData[index] as Uint8Array, patternBytes(size, 100 + index))).toBe(0);
      });
    });

    it("never has more under way than was granted", async () => {
      const total = 2_000;
      let sent = 0;
      let granted = 4;
      let received = 0;
      const sendAll = (stream: ServerStream<Parcel>): void => {
        while (sent < total && stream.credit > 0) {
          stream.send(parcel(sent++));
          expect(sent).toBeLessThanOrEqual(granted);
        }
      };
      const server = new Server({ credit: () => sendAll(server.stream) });
      const { connection } = await connected(harness, (services) =>
        services.stream(watch, (request, stream, context) => {
          const handlers = server.handler(request, stream, context);
          sendAll(stream);
          return handlers;
        }),
      );
      const opener = new Opener(() => {
        received++;
        // In ones, twos and fives, several grants in one turn among them.
        for (const size of received % 7 === 0 ? [5, 2] : received % 3 === 0 ? [1] : []) {
          granted += size;
          stream.grant(size);
        }
        if (granted === received) {
          granted++;
          stream.grant(1);
        }
      });
      const stream = connection.open(watch, parcel(1), opener);
      await harness.until(opener.received(total));
      expect(opener.numbers).toEqual(Array.from({ length: total }, (_, index) => index));
      expect(server.credits).toBeGreaterThan(0);
    });

    it("throws at a sender without credit and sends nothing", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const opener = new Opener();
      const stream = connection.open(watch, parcel(1), opener, { credit: 2 });
      await harness.until(server.opened());
      expect(server.stream.credit).toBe(2);
      server.stream.send(parcel(1));
      server.stream.send(parcel(2));
      expect(server.stream.credit).toBe(0);
      expect(() => server.stream.send(parcel(3))).toThrow(/credit/);
      stream.grant(1);
      await harness.until(server.when(() => server.credits > 0));
      expect(server.stream.credit).toBe(1);
      server.stream.send(parcel(4));
      server.stream.end();
      await harness.until(opener.ended.promise);
      expect(opener.numbers).toEqual([1, 2, 4]);
    });

    it("adds up grants of one turn, also right behind the opening", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const stream = connection.open(watch, parcel(1), new Opener(), { credit: 0 });
      for (let round = 0; round < 10; round++) stream.grant(7);
      await harness.until(server.when(() => server.streams.length > 0 && server.stream.credit >= 70));
      expect(server.stream.credit).toBe(70);
      stream.grant(100_000);
      await harness.until(server.when(() => server.stream.credit >= 100_070));
      expect(server.stream.credit).toBe(100_070);
    });

    it("may be sent to before the handler returns", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) =>
        services.stream(watch, (request, stream, context) => {
          stream.send(parcel(1));
          stream.send(parcel(2));
          return server.handler(request, stream, context);
        }),
      );
      const opener = new Opener();
      const stream = connection.open(watch, parcel(1), opener);
      stream.send(parcel(11));
      await harness.until(Promise.all([opener.received(2), server.when(() => server.ups.length === 1)]));
      expect(opener.numbers).toEqual([1, 2]);
    });

    it("hands the opening over with bytes that stay as they are", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      for (let round = 0; round < 20; round++) {
        connection.open(watch, parcel(round, "", patternBytes(4_000, round)), new Opener());
      }
      await harness.until(server.opened(20));
      server.requests.forEach((request) => {
        expect(Buffer.compare(request.data, patternBytes(4_000, request.number))).toBe(0);
      });
    });

    it("opens with a request of 8 MB, and keeps what follows it behind it", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const big = patternBytes(8 * 1024 * 1024, 9);
      const stream = connection.open(watch, parcel(1, "", big), new Opener(), { credit: 1 });
      stream.send(parcel(5));
      stream.grant(2);
      await harness.until(server.when(() => server.ups.length === 1 && server.stream.credit === 3));
      expect(Buffer.compare((server.requests[0] as Parcel).data, big)).toBe(0);
    });

    it("is refused by a handler that throws", async () => {
      const { connection } = await connected(harness, (services) =>
        services.stream(watch, () => {
          throw new ServiceError("not_owner", "ask another", { retryAfterMs: 7, details: { tableVersion: 12 } });
        }),
      );
      const opener = new Opener();
      const stream = connection.open(watch, parcel(1), opener);
      expect(stream.isOpen).toBe(true);
      const error = await harness.until(opener.ended.promise);
      expect(error).toMatchObject({ code: "not_owner", retryAfterMs: 7, details: { tableVersion: 12 } });
      expect(stream.isOpen).toBe(false);
      stream.send(parcel(2));
      stream.grant(1);
      stream.cancel();
      expect(opener.ends).toHaveLength(1);
    });

    it("is refused where nobody serves the method, and for nonsense", async () => {
      const { connection } = await connected(harness, (services) => {
        services.stream({ ...streamMethod(17, "picky"), open: pickyCodec }, new Server().handler);
        services.unary(echo, (request) => request);
      });
      const unknown = new Opener();
      connection.open(streamMethod(99, "unknown"), parcel(1), unknown);
      expect(await harness.until(unknown.ended.promise)).toMatchObject({ code: "unsupported" });
      const nonsense = new Opener();
      connection.open(streamMethod(17, "picky"), parcel(1), nonsense);
      expect(await harness.until(nonsense.ended.promise)).toMatchObject({ code: "invalid_argument" });
      const unencodable = new Opener();
      connection.open(watch, parcel(-1), unencodable);
      expect(unencodable.ends).toEqual([]);
      expect(await harness.until(unencodable.ended.promise)).toMatchObject({ code: "invalid_argument" });
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
      expect(connection.inFlight).toBe(0);
    });

    it("ends at `up` nonsense or a handler's throw, telling both sides once", async () => {
      const server = new Server({
        message: () => {
          throw new ServiceError("limit_exceeded", "too many", { details: { limit: "ups" } });
        },
      });
      const pickyServer = new Server();
      const { connection } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.stream({ ...streamMethod(17, "picky"), up: pickyCodec }, pickyServer.handler);
      });
      const opener = new Opener();
      connection.open(watch, parcel(1), opener).send(parcel(1));
      expect(await harness.until(opener.ended.promise)).toMatchObject({
        code: "limit_exceeded",
        details: { limit: "ups" },
      });
      const pickyOpener = new Opener();
      connection.open(streamMethod(17, "picky"), parcel(1), pickyOpener).send(parcel(1));
      expect(await harness.until(pickyOpener.ended.promise)).toMatchObject({ code: "invalid_argument" });
      expect(server.causes).toMatchObject([{ code: "limit_exceeded" }]);
      expect(pickyServer.causes).toMatchObject([{ code: "invalid_argument" }]);
    });

    it("is not held up by others that are stalled", async () => {
      const stalled = new Server();
      const lively = new Server();
      const { connection } = await connected(harness, (services) => {
        services.stream(watch, stalled.handler);
        services.stream(streamMethod(18, "lively"), lively.handler);
        services.unary(echo, (request) => request);
      });
      for (let index = 0; index < 50; index++) connection.open(watch, parcel(index), new Opener(), { credit: 1 });
      await harness.until(stalled.opened(50));
      for (const stream of stalled.streams) stream.send(parcel(0, "", patternBytes(10_000, 1)));
      const opener = new Opener(() => stream.grant(1));
      const stream = connection.open(streamMethod(18, "lively"), parcel(1), opener);
      await harness.until(lively.opened());
      for (let round = 0; round < 200; round++) {
        await harness.until(lively.when(() => lively.stream.credit > 0));
        lively.stream.send(parcel(round));
        await harness.until(opener.received(round + 1));
      }
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
      expect(stalled.streams.every((other) => other.isOpen && other.credit === 0)).toBe(true);
    });

    it("outlives the deadline of its opening", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) =>
        services.stream(streamMethod(19, "brief", { deadlineMs: 40 }), server.handler),
      );
      const opener = new Opener();
      const stream = connection.open(streamMethod(19, "brief", { deadlineMs: 40 }), parcel(1), opener);
      await harness.until(server.opened());
      await harness.elapse(80);
      expect(stream.isOpen).toBe(true);
      server.stream.send(parcel(1));
      await harness.until(opener.received(1));
      expect(opener.ends).toEqual([]);
    });

    it("ends with `timeout` when the opening gets no answer in time", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) =>
        services.stream(streamMethod(19, "brief", { deadlineMs: 40 }), server.handler),
      );
      harness.stall();
      const opener = new Opener();
      connection.open(streamMethod(19, "brief", { deadlineMs: 40 }), parcel(1), opener);
      expect(await harness.until(opener.ended.promise)).toMatchObject({ code: "timeout" });
      harness.resume();
      expect(opener.ends).toHaveLength(1);
    });

    const many = subject.streamsMany ?? 10_000;
    it(`exists ${many} times at once on one connection`, async () => {
      const count = many;
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const openers = Array.from({ length: count }, () => new Opener());
      const streams = openers.map((opener, index) => connection.open(watch, parcel(index), opener, { credit: 1 }));
      await harness.until(server.opened(count));
      expect(connection.inFlight).toBe(count);
      server.streams.forEach((stream, index) => stream.send(parcel((server.requests[index] as Parcel).number)));
      await harness.until(Promise.all(openers.map((opener) => opener.received(1))));
      openers.forEach((opener, index) => {
        if (opener.numbers[0] !== index) throw new Error(`stream ${index} got ${opener.numbers[0]}`);
      });
      for (const stream of streams) stream.cancel();
      await harness.until(server.when(() => server.cancellations === count));
      expect(connection.inFlight).toBe(0);
    }, 60_000);
  });
}
