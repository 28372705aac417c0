import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import type { CallContext } from "../link.ts";
import { LinkError } from "../link-error.ts";
import { connected, Later, type LinkHarness, type LinkSubject, rejection } from "./harness.ts";
import { echo, type Parcel, parcel, patternBytes, pickyCodec, unaryMethod } from "./test-service.ts";

const MEGABYTE = 1024 * 1024;

export function testCalls(subject: LinkSubject): void {
  describe("calls", () => {
    let harness: LinkHarness;
    beforeEach(async () => {
      harness = await subject.create();
    });
    afterEach(() => harness.close());

    it("answers, and names each side to the other", async () => {
      const callers: CallContext[] = [];
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, (request, context) => {
          callers.push(context);
          return parcel(request.number + 1, request.text);
        }),
      );
      const answer = await harness.until(connection.call(echo, parcel(1, "grüße 🌊")));
      expect(answer).toMatchObject({ number: 2, text: "grüße 🌊" });
      expect(connection.peer).toEqual({ nodeId: "server", role: "document-host" });
      expect(callers.map((context) => context.peer)).toEqual([{ nodeId: "client", role: "edge-proxy" }]);
    });

    it("keeps a thousand calls apart that are answered in reverse", async () => {
      const waiting: (() => void)[] = [];
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, (request) => {
          const later = new Later<Parcel>();
          const answer = parcel(request.number * 2);
          waiting.push(() => later.resolve(answer));
          if (waiting.length === 1000) for (const release of waiting.reverse()) release();
          return later.promise;
        }),
      );
      const calls = Array.from({ length: 1000 }, (_, index) => connection.call(echo, parcel(index)));
      expect(connection.inFlight).toBe(1000);
      const answers = await harness.until(Promise.all(calls));
      expect(answers.map((answer) => answer.number)).toEqual(answers.map((_, index) => index * 2));
      expect(connection.inFlight).toBe(0);
    });

    it("carries an error whole: code, text, delay and details", async () => {
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, () => {
          throw new ServiceError("rejected", "no such card", {
            retryAfterMs: 123,
            details: { code: "no_such_card", data: { id: "7", of: [1, null, "ü"] } },
          });
        }),
      );
      const error = await harness.until(rejection(connection.call(echo, parcel(1))));
      expect(error).toBeInstanceOf(ServiceError);
      expect(error).not.toBeInstanceOf(LinkError);
      expect(error).toMatchObject({
        code: "rejected",
        number: 2003,
        message: "no such card",
        retryable: false,
        retryAfterMs: 123,
        details: { code: "no_such_card", data: { id: "7", of: [1, null, "ü"] } },
      });
    });

    it("says `internal` and nothing more when a handler fails in another way", async () => {
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, () => Promise.reject(new Error("the secret is 42"))),
      );
      const error = await harness.until(rejection(connection.call(echo, parcel(1))));
      expect(error).toMatchObject({ code: "internal" });
      expect(JSON.stringify(error) + String(error)).not.toContain("42");
    });

    it("answers `unsupported` to a method nobody serves", async () => {
      const { connection } = await connected(harness, (services) => services.unary(echo, (request) => request));
      const unknown = unaryMethod(99, "unknown");
      const error = await harness.until(rejection(connection.call(unknown, parcel(1))));
      expect(error).toMatchObject({ code: "unsupported" });
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });

    it("refuses a request that cannot be encoded, here and now, and goes on", async () => {
      const { connection } = await connected(harness, (services) => services.unary(echo, (request) => request));
      const error = await harness.until(rejection(connection.call(echo, parcel(-1))));
      expect(error).toMatchObject({ code: "invalid_argument" });
      expect(connection.inFlight).toBe(0);
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });

    it("answers `invalid_argument` to a request the other side cannot read, and goes on", async () => {
      const { connection } = await connected(harness, (services) => {
        services.unary({ ...unaryMethod(2, "picky"), request: pickyCodec }, (request) => request);
        services.unary(echo, (request) => request);
      });
      const error = await harness.until(rejection(connection.call(unaryMethod(2, "picky"), parcel(1))));
      expect(error).toMatchObject({ code: "invalid_argument", details: { parameter: "Parcel" } });
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });

    it("does not blame the caller for an answer that cannot be encoded or read", async () => {
      const { connection } = await connected(harness, (services) => {
        services.unary(unaryMethod(3, "bad"), () => parcel(-1));
        services.unary(echo, (request) => request);
      });
      const bad = await harness.until(rejection(connection.call(unaryMethod(3, "bad"), parcel(1))));
      expect(bad).toMatchObject({ code: "internal" });
      const unreadable = connection.call({ ...echo, response: pickyCodec }, parcel(1));
      expect(await harness.until(rejection(unreadable))).toMatchObject({ code: "internal" });
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });

    it("ends a call at its deadline, once, and tells the handler", async () => {
      const contexts: CallContext[] = [];
      const later = new Later<Parcel>();
      const { connection } = await connected(harness, (services) => {
        services.unary(unaryMethod(4, "stuck", { deadlineMs: 40 }), (_, context) => {
          contexts.push(context);
          return later.promise;
        });
        services.unary(echo, (request) => request);
      });
      const startedAt = harness.clock.monotonicMs();
      const error = await harness.until(
        rejection(connection.call(unaryMethod(4, "stuck", { deadlineMs: 40 }), parcel(1))),
      );
      expect(error).toMatchObject({ code: "timeout", retryable: true });
      expect(error).toBeInstanceOf(LinkError);
      expect(harness.clock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(39);
      expect(connection.inFlight).toBe(0);
      // The cancellation was sent before this call, so it is there when its answer is here.
      await harness.until(connection.call(echo, parcel(1)));
      expect(contexts.map((context) => context.isCancelled)).toEqual([true]);
      expect((contexts[0] as CallContext).deadlineAt - startedAt).toBeGreaterThanOrEqual(39);
      later.resolve(parcel(1));
      await harness.until(connection.call(echo, parcel(1)));
    });

    it("takes another deadline for one call", async () => {
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, () => new Later<Parcel>().promise),
      );
      const error = await harness.until(rejection(connection.call(echo, parcel(1), { deadlineMs: 20 })));
      expect(error).toMatchObject({ code: "timeout" });
      const atOnce = await harness.until(rejection(connection.call(echo, parcel(1), { deadlineMs: 0 })));
      expect(atOnce).toMatchObject({ code: "timeout", isSent: false });
    });

    it("hands over bytes that stay as they are", async () => {
      const kept: Uint8Array[] = [];
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, (request) => {
          kept.push(request.data);
          return request;
        }),
      );
      const answers: Parcel[] = [];
      for (let round = 0; round < 20; round++) {
        answers.push(await harness.until(connection.call(echo, parcel(round, "", patternBytes(5_000, round)))));
      }
      for (let round = 0; round < 20; round++) {
        expect(Buffer.compare((answers[round] as Parcel).data, patternBytes(5_000, round))).toBe(0);
        expect(Buffer.compare(kept[round] as Uint8Array, patternBytes(5_000, round))).toBe(0);
      }
    });

    it("carries 8 MB up and down, between small calls", async () => {
      const { connection } = await connected(harness, (services) => services.unary(echo, (request) => request));
      const big = patternBytes(8 * MEGABYTE, 3);
      const bigCall = connection.call(echo, parcel(1, "big", big));
      const smallCalls = Array.from({ length: 50 }, (_, index) => connection.call(echo, parcel(index)));
      const answers = await harness.until(Promise.all(smallCalls));
      expect(answers.map((answer) => answer.number)).toEqual(answers.map((_, index) => index));
      const answer = await harness.until(bigCall);
      expect(Buffer.compare(answer.data, big)).toBe(0);
    });

    it("refuses what is larger than a message may be, either way, and goes on", async () => {
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, (request) =>
          request.number === 1 ? parcel(1, "", new Uint8Array(17 * MEGABYTE)) : request,
        ),
      );
      const up = connection.call(echo, parcel(2, "", new Uint8Array(17 * MEGABYTE)));
      expect(await harness.until(rejection(up))).toMatchObject({ code: "limit_exceeded" });
      expect(await harness.until(rejection(connection.call(echo, parcel(1))))).toMatchObject({
        code: "limit_exceeded",
      });
      expect((await harness.until(connection.call(echo, parcel(5)))).number).toBe(5);
    });
  });
}
