import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { errorCodeOf, type ServiceError } from "@tidewire/foundation";
import { connected, type LinkHarness, type LinkSubject, rejection } from "./harness.ts";
import { echo, Opener, parcel, patternBytes, Server, watch } from "./test-service.ts";

/** Far above what kernel buffers and our own bounds hold together, so that a missing bound shows. */
const FLOOD_BYTES = 96 * 1024 * 1024;
const PIECE = patternBytes(256 * 1024, 1);
const PIECES = FLOOD_BYTES / PIECE.length;

export function testBounds(subject: LinkSubject): void {
  describe("a peer that does not read", () => {
    let harness: LinkHarness;
    beforeEach(async () => {
      harness = await subject.create();
    });
    afterEach(() => harness.close());

    it("makes calls and `up` messages fail with `overloaded`, and all is well after it reads again", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => {
        services.stream(watch, server.handler);
        services.unary(echo, (request) => parcel(request.number));
      });
      const stream = connection.open(watch, parcel(1), new Opener());
      await harness.until(server.opened());
      harness.stall();
      let sent = 0;
      let refusal: unknown;
      while (refusal === undefined && sent < PIECES) {
        try {
          stream.send(parcel(sent, "", PIECE));
          sent++;
        } catch (thrown) {
          refusal = thrown;
        }
        // Let the network take what it takes, as a sender does that has other work in between.
        if (sent % 16 === 0) await harness.elapse(1);
      }
      expect(refusal).toMatchObject({ code: "overloaded", retryable: true });
      expect(stream.isOpen).toBe(true);
      const call = await rejection(connection.call(echo, parcel(1)));
      expect(call).toMatchObject({ code: "overloaded", isSent: false });
      const late = new Opener();
      connection.open(watch, parcel(1), late);
      expect(await harness.until(late.ended.promise)).toMatchObject({ code: "overloaded" });
      harness.resume();
      await harness.until(server.when(() => server.ups.length === sent));
      expect(server.ups).toEqual(Array.from({ length: sent }, (_, index) => index));
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });

    it("takes a stream's credit away until it reads again", async () => {
      let sent = 0;
      let isStarted = false;
      const sendAll = (): void => {
        if (!isStarted) return;
        while (sent < PIECES && server.stream.credit > 0) server.stream.send(parcel(sent++, "", PIECE));
      };
      const server = new Server({ credit: sendAll });
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      let received = 0;
      const opener = new Opener((message) => {
        received += message.data.length;
      });
      const stream = connection.open(watch, parcel(1), opener, { credit: 0 });
      stream.grant(PIECES);
      await harness.until(server.when(() => server.streams.length > 0 && server.stream.credit === PIECES));
      harness.stall();
      isStarted = true;
      sendAll();
      // The network takes what it takes, and each time there is credit again.
      for (let before = -1; sent > before; ) {
        before = sent;
        await harness.elapse(20);
      }
      expect(sent).toBeLessThan(PIECES);
      expect(server.stream.credit).toBe(0);
      harness.resume();
      await harness.until(opener.received(PIECES));
      expect(sent).toBe(PIECES);
      expect(received).toBe(FLOOD_BYTES);
    }, 60_000);

    it("answers further requests with `overloaded` instead of piling up answers", async () => {
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, (request) => parcel(request.number, "", PIECE)),
      );
      const total = 2_000;
      const codes = new Map<string, number>();
      const calls = Array.from({ length: total }, (_, index) =>
        connection.call(echo, parcel(index)).then(
          () => codes.set("answered", (codes.get("answered") ?? 0) + 1),
          (error: ServiceError) => codes.set(error.code, (codes.get(error.code) ?? 0) + 1),
        ),
      );
      await harness.until(Promise.all(calls));
      expect([...codes.keys()].every((code) => code === "answered" || errorCodeOf(1006) === code)).toBe(true);
      expect(codes.get("answered")).toBeGreaterThan(10);
      expect(codes.get("overloaded")).toBeGreaterThan(0);
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });
  });
}
