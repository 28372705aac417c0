import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import type { CallContext } from "../link.ts";
import { LinkError } from "../link-error.ts";
import { connected, Later, type LinkHarness, type LinkSubject, rejection } from "./harness.ts";
import { echo, Opener, type Parcel, parcel, Server, unaryMethod, watch } from "./test-service.ts";

const stuck = unaryMethod(4, "stuck");

export function testEnds(subject: LinkSubject): void {
  describe("ends", () => {
    let harness: LinkHarness;
    beforeEach(async () => {
      harness = await subject.create();
    });
    afterEach(() => harness.close());

    it("ends a stream in order, behind its last message, and tells only the opener", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(echo, (request) => request);
      });
      const opener = new Opener();
      const stream = connection.open(watch, parcel(1), opener);
      await harness.until(server.opened());
      server.stream.send(parcel(1));
      server.stream.end();
      server.stream.end(new ServiceError("internal", "too late"));
      server.stream.send(parcel(2));
      expect([server.stream.isOpen, server.stream.credit]).toEqual([false, 0]);
      await harness.until(opener.ended.promise);
      stream.cancel();
      await harness.until(connection.call(echo, parcel(1)));
      expect(opener.numbers).toEqual([1]);
      expect(opener.ends).toEqual([undefined]);
      expect(server.cancellations).toBe(0);
      expect(connection.inFlight).toBe(0);
    });

    it("ends a stream with an error", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      await harness.until(server.opened());
      server.stream.end(new ServiceError("moving", "elsewhere", { retryAfterMs: 9, details: { to: "b" } }));
      const error = await harness.until(opener.ended.promise);
      expect(error).toMatchObject({ code: "moving", number: 2103, retryAfterMs: 9, details: { to: "b" } });
      expect(error).not.toBeInstanceOf(LinkError);
    });

    it("cancels a stream: the serving side hears it once, the opener nothing more", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(echo, (request) => request);
      });
      const opener = new Opener();
      const stream = connection.open(watch, parcel(1), opener, { credit: 100 });
      await harness.until(server.opened());
      server.stream.send(parcel(1));
      await harness.until(opener.received(1));
      server.stream.send(parcel(2));
      stream.cancel();
      stream.cancel();
      stream.send(parcel(1));
      expect(stream.isOpen).toBe(false);
      await harness.until(server.cancelled.promise);
      expect([server.stream.isOpen, server.stream.credit]).toEqual([false, 0]);
      server.stream.send(parcel(3));
      server.stream.end();
      await harness.until(connection.call(echo, parcel(1)));
      expect(opener.numbers).toEqual([1]);
      expect(opener.ends).toEqual([]);
      expect(server.causes).toEqual([undefined]);
      expect(server.ups).toEqual([]);
    });

    it("may be cancelled by the opener from inside of a message", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const opener = new Opener(() => stream.cancel());
      const stream = connection.open(watch, parcel(1), opener);
      await harness.until(server.opened());
      server.stream.send(parcel(1));
      server.stream.send(parcel(2));
      await harness.until(server.cancelled.promise);
      expect(opener.numbers).toEqual([1]);
      expect(opener.ends).toEqual([]);
    });

    it("tells everyone once when the connection breaks", async () => {
      const contexts: CallContext[] = [];
      const server = new Server();
      const { connection, listener } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(stuck, (_, context) => {
          contexts.push(context);
          server.requests.push(parcel(0));
          return new Later<Parcel>().promise;
        });
      });
      const closes: (ServiceError | undefined)[] = [];
      const goAways: number[] = [];
      const closed = new Later<void>();
      connection.onGoAway(() => goAways.push(1));
      connection.onClose((error) => {
        closes.push(error);
        closed.resolve();
      });
      const openers = [new Opener(), new Opener(), new Opener()];
      for (const opener of openers) connection.open(watch, parcel(1), opener);
      const call = rejection(connection.call(stuck, parcel(1)));
      await harness.until(server.opened(3));
      await harness.until(harness.dialling.dial(await harness.reach(listener)).then((other) => other.close()));
      while (contexts.length === 0) await harness.elapse(1);
      harness.sever();
      const error = await harness.until(call);
      expect(error).toBeInstanceOf(LinkError);
      expect(error).toMatchObject({ code: "unavailable", retryable: true, isSent: true });
      for (const opener of openers) {
        expect(await harness.until(opener.ended.promise)).toMatchObject({ code: "unavailable" });
      }
      await harness.until(closed.promise);
      await harness.until(server.when(() => server.cancellations === 3));
      for (const cause of server.causes) {
        expect(cause).toBeInstanceOf(LinkError);
        expect(cause).toMatchObject({ code: "unavailable" });
      }
      expect(contexts.map((context) => context.isCancelled)).toEqual([true]);
      expect(openers.map((opener) => opener.ends.length)).toEqual([1, 1, 1]);
      expect(closes).toHaveLength(1);
      expect(closes[0]).toMatchObject({ code: "unavailable" });
      expect(goAways).toEqual([]);
      expect([connection.isOpen, connection.inFlight]).toEqual([false, 0]);
    });

    it("refuses everything on a closed connection, as not sent", async () => {
      const { connection } = await connected(harness, (services) => services.unary(echo, (request) => request));
      await harness.until(connection.close());
      const call = await harness.until(rejection(connection.call(echo, parcel(1))));
      expect(call).toMatchObject({ code: "unavailable", isSent: false });
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      expect(opener.ends).toEqual([]);
      expect(await harness.until(opener.ended.promise)).toMatchObject({ code: "unavailable", isSent: false });
      const closes: unknown[] = [];
      connection.onClose((error) => closes.push(error));
      expect(closes).toEqual([undefined]);
      await harness.until(connection.close());
    });

    it("closes from the dialling side: calls in flight end, streams when the grace is over", async () => {
      const server = new Server();
      const later = new Later<Parcel>();
      const { connection, listener } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(stuck, () => later.promise);
      });
      const opener = new Opener();
      const stream = connection.open(watch, parcel(1), opener);
      const call = connection.call(stuck, parcel(1));
      await harness.until(server.opened());
      const closed = connection.close(200);
      expect(connection.isOpen).toBe(false);
      expect(stream.isOpen).toBe(true);
      later.resolve(parcel(42));
      expect((await harness.until(call)).number).toBe(42);
      await harness.until(closed);
      expect(opener.ends).toHaveLength(1);
      expect(opener.ends[0]).toMatchObject({ code: "unavailable" });
      await harness.until(server.cancelled.promise);
      expect(server.causes).toEqual([undefined]);
      while (listener.connectionCount > 0) await harness.elapse(1);
    });

    it("closes from the listening side: what is in flight ends, nothing new starts", async () => {
      const server = new Server();
      const later = new Later<Parcel>();
      const { connection, listener, address } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(stuck, () => later.promise);
      });
      const closes: unknown[] = [];
      const isClosed = new Later<void>();
      const wentAway = new Later<void>();
      connection.onGoAway(() => wentAway.resolve());
      connection.onClose((error) => {
        closes.push(error);
        isClosed.resolve();
      });
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      const call = connection.call(stuck, parcel(1));
      await harness.until(server.opened());
      const closed = listener.close(20_000);
      await harness.until(wentAway.promise);
      expect([connection.isOpen, closes.length]).toEqual([false, 0]);
      const refused = await harness.until(rejection(connection.call(stuck, parcel(2))));
      expect(refused).toMatchObject({ code: "unavailable", isSent: false });
      const redial = await harness.until(rejection(harness.dialling.dial(address)));
      expect(redial).toMatchObject({ code: "unavailable" });
      later.resolve(parcel(42));
      expect((await harness.until(call)).number).toBe(42);
      server.stream.send(parcel(7));
      server.stream.end();
      expect(await harness.until(opener.ended.promise)).toBeUndefined();
      expect(opener.numbers).toEqual([7]);
      await harness.until(Promise.all([closed, isClosed.promise]));
      expect(closes).toEqual([undefined]);
      expect(listener.connectionCount).toBe(0);
      expect(server.cancellations).toBe(0);
    });

    it("closes from the listening side when the grace is over, whoever still waits", async () => {
      const server = new Server();
      const { connection, listener } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(stuck, () => new Later<Parcel>().promise);
      });
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      const call = rejection(connection.call(stuck, parcel(1)));
      await harness.until(server.opened());
      const closed = listener.close(60);
      expect(await harness.until(call)).toMatchObject({ code: "unavailable", isSent: true });
      expect(await harness.until(opener.ended.promise)).toMatchObject({ code: "unavailable" });
      await harness.until(closed);
      expect([opener.ends.length, server.cancellations]).toEqual([1, 1]);
    });

    it("closes an unused connection from either side", async () => {
      const { connection, listener, address } = await connected(harness);
      const second = await harness.until(harness.dialling.dial(address));
      await harness.until(second.close(10_000));
      expect(second.isOpen).toBe(false);
      expect(connection.isOpen).toBe(true);
      const isClosed = new Later<unknown>();
      connection.onClose((error) => isClosed.resolve(error));
      await harness.until(listener.close(10_000));
      expect(await harness.until(isClosed.promise)).toBeUndefined();
    });

    it("fails to dial where nobody listens", async () => {
      const { listener, connection } = await connected(harness);
      const { address } = listener;
      await harness.until(connection.close());
      await harness.until(listener.close());
      const error = await harness.until(rejection(harness.dialling.dial(address)));
      expect(error).toBeInstanceOf(LinkError);
      expect(error).toMatchObject({ code: "unavailable", isSent: false });
    });
  });
}
