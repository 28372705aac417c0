import { beforeEach, describe, expect, it, test } from "@jest/globals";
import { ManualClock, noLogger, ServiceError } from "@tidewire/foundation";
import { type Codec, Reader, Writer } from "@tidewire/wire";
import { rejection } from "../src/compliance/harness.ts";
import { echo, Opener, type Parcel, parcel, parcelCodec, Server, watch } from "../src/compliance/test-service.ts";
import { ErrorBodyCodec } from "../src/generated/link-codecs.ts";
import { LinkServiceTable, type ServerStreamHandlers } from "../src/index.ts";
import { bodyOfError } from "../src/session/error-body.ts";
import { MANY_STREAMS_MAX } from "../src/session/frame-body.ts";
import { type Carrier, DiallingSession, FrameType, ServingSession } from "../src/session/index.ts";
import { FailureTally } from "../src/session/link-failures.ts";

const PEER = { nodeId: "peer", role: "tool" };

/** Writes down what the session wants to be done; the other side is the test. */
class NotingCarrier implements Carrier {
  readonly notes: string[] = [];
  isCongested = false;
  isFull = false;
  isBehind = false;
  readonly outboundMark = 0;
  hasLeft(): boolean {
    return true;
  }
  request(_method: number, call: number): void {
    this.notes.push(`request ${call}`);
  }
  open(_method: number, stream: number): void {
    this.notes.push(`open ${stream}`);
  }
  message(type: number, _method: number, stream: number): void {
    this.notes.push(`message ${type} ${stream}`);
  }
  many(_method: number, streams: Uint32Array): void {
    this.notes.push(`many ${streams.join()}`);
  }
  signal(type: number, stream: number): void {
    this.notes.push(`signal ${type} ${stream}`);
  }
  grantRound = 0;

  grant(stream: number, messages: number, _openMark: number, isUrgent: boolean): void {
    this.notes.push(`grant ${stream}:${messages}${isUrgent ? "!" : ""}`);
  }
  forget(stream: number): void {
    this.notes.push(`forget ${stream}`);
  }
  goAway(): void {
    this.notes.push("goAway");
  }
  shut(): void {
    this.notes.push("shut");
  }
}

function body<Message>(codec: Codec<Message>, message: Message, header: readonly number[] = []): Reader {
  const writer = new Writer();
  for (const word of header) writer.putU32(writer.reserve(4), word, "word");
  codec.encode(writer, message);
  return new Reader(writer.take());
}

const nothing = (): Reader => new Reader(new Uint8Array(0));

describe("dialling session", () => {
  let carrier: NotingCarrier;
  let session: DiallingSession;
  beforeEach(() => {
    carrier = new NotingCarrier();
    session = new DiallingSession({ carrier, clock: new ManualClock(), logger: noLogger }, PEER, {
      inFlightMax: 3,
      behindCallsMax: 3,
      streamIdMax: 6,
    });
  });

  it("counts what it refuses and what cannot be encoded, each call once", async () => {
    const failures = new FailureTally();
    const limits = { inFlightMax: 1, behindCallsMax: 1, streamIdMax: 6 };
    const strict = new DiallingSession({ carrier, clock: new ManualClock(), logger: noLogger, failures }, PEER, limits);
    carrier.request = () => {
      throw new ServiceError("limit_exceeded", "too large");
    };
    await rejection(strict.call(echo, parcel(1)));
    carrier.isFull = true;
    await Promise.all([rejection(strict.call(echo, parcel(1))), rejection(strict.call(echo, parcel(1)))]);
    const opener = new Opener();
    strict.open(watch, parcel(1), opener);
    await opener.ended.promise;
    const drained = (): string[] => {
      const told: string[] = [];
      failures.drain((what, code, count) => told.push(`${what} ${code} ${count}`));
      return told;
    };
    expect(drained()).toEqual(["call limit_exceeded 1", "call overloaded 2", "stream overloaded 1"]);
    expect(drained()).toEqual([]);
  });

  const down = (id: number, number: number): void =>
    session.receive(FrameType.down, watch.id, id, body(parcelCodec, parcel(number)), true);

  it("ends a stream whose peer sends more than was granted", () => {
    const opener = new Opener();
    const stream = session.open(watch, parcel(1), opener, { credit: 2 });
    down(1, 1);
    down(1, 2);
    stream.grant(1);
    down(1, 3);
    expect(opener.ends).toEqual([]);
    down(1, 4);
    down(1, 5);
    expect(opener.numbers).toEqual([1, 2, 3]);
    expect(opener.ends).toMatchObject([{ code: "internal" }]);
    expect(carrier.notes.slice(-2)).toEqual(["forget 1", `signal ${FrameType.cancel} 1`]);
    expect(session.inFlight).toBe(0);
  });

  it("lets a grant wait while the peer has half of its first credit left, as far as it can know", () => {
    const grants = (): string[] => carrier.notes.splice(0).filter((note) => note.startsWith("grant"));
    const stream = session.open(watch, parcel(1), new Opener(), { credit: 4 });
    const deliverAndGrant = (number: number): void => {
      down(1, number);
      stream.grant(1);
    };
    for (let number = 1; number <= 3; number++) deliverAndGrant(number);
    expect(grants()).toEqual(["grant 1:1", "grant 1:1", "grant 1:1!"]);
    carrier.grantRound++;
    for (let number = 4; number <= 5; number++) deliverAndGrant(number);
    expect(grants()).toEqual(["grant 1:1", "grant 1:1"]);
    stream.grant(3);
    expect(grants()).toEqual(["grant 1:3!"]);
  });

  it("refuses without an error for each: its stack would cost ten times the call", async () => {
    carrier.isFull = true;
    const refusals = await Promise.all([
      rejection(session.call(echo, parcel(1))),
      rejection(session.call(echo, parcel(2))),
    ]);
    expect(refusals[0]).toMatchObject({ code: "overloaded", isSent: false });
    expect(refusals[1]).toBe(refusals[0]);
  });

  it("refuses further calls while it is behind with the answers, and only then", async () => {
    const roomy = new DiallingSession({ carrier, clock: new ManualClock(), logger: noLogger }, PEER, {
      inFlightMax: 10,
      behindCallsMax: 2,
      streamIdMax: 100,
    });
    const answers: Promise<unknown>[] = [];
    const call = (): number => answers.push(roomy.call(echo, parcel(1)).catch((error: unknown) => error));
    carrier.isBehind = true;
    call();
    call();
    roomy.open(watch, parcel(1), new Opener());
    expect(roomy.inFlight).toBe(2);
    call();
    expect(await answers[2]).toMatchObject({ code: "overloaded", isSent: false });
    carrier.isBehind = false;
    call();
    expect(roomy.inFlight).toBe(3);
    carrier.isBehind = true;
    for (const id of [1, 2]) roomy.receive(FrameType.response, echo.id, id, body(parcelCodec, parcel(id)), true);
    call();
    expect(roomy.inFlight).toBe(2);
    roomy.closed(undefined);
    expect(await Promise.all(answers)).toMatchObject([
      { number: 1 },
      { number: 2 },
      { code: "overloaded" },
      { code: "unavailable" },
      { code: "unavailable" },
    ]);
  });

  it("takes a peer's refusals in the same words as one error, and every other one as its own", async () => {
    const calls = Array.from({ length: 3 }, (_, index) => rejection(session.call(echo, parcel(index))));
    const number = new ServiceError("overloaded", "").number;
    for (const [index, message] of ["too much", "too much", "far too much"].entries()) {
      const refusal = { number, message, retryAfterMs: undefined, details: undefined };
      session.receive(FrameType.error, 0, index + 1, body(ErrorBodyCodec, refusal), true);
    }
    const [first, second, third] = await Promise.all(calls);
    expect(first).toMatchObject({ code: "overloaded", message: "too much" });
    expect(second).toBe(first);
    expect(third).toMatchObject({ code: "overloaded", message: "far too much" });
  });

  it("takes refusals in the same words with other advice or details as other errors", async () => {
    const { number } = new ServiceError("overloaded", "");
    const bodies = [
      { retryAfterMs: 5, details: '{"queued":1}' },
      { retryAfterMs: 6, details: '{"queued":1}' },
      { retryAfterMs: 6, details: '{"queued":2}' },
    ];
    const calls = bodies.map((_body, index) => rejection(session.call(echo, parcel(index))));
    for (const [index, { retryAfterMs, details }] of bodies.entries()) {
      const refusal = { number, message: "too much", retryAfterMs, details };
      session.receive(FrameType.error, 0, index + 1, body(ErrorBodyCodec, refusal), true);
    }
    expect(await Promise.all(calls)).toMatchObject([
      { retryAfterMs: 5, details: { queued: 1 } },
      { retryAfterMs: 6, details: { queued: 1 } },
      { retryAfterMs: 6, details: { queued: 2 } },
    ]);
  });

  it("gives a message for many to streams of its method alone, and takes no more of them than there may be", () => {
    const other = { ...watch, id: watch.id + 1 };
    const openers = [new Opener(), new Opener()];
    session.open(watch, parcel(1), openers[0]!);
    session.open(other, parcel(1), openers[1]!);
    session.receive(FrameType.downMany, watch.id, 0, body(parcelCodec, parcel(9), [2, 1, 2]), true);
    expect(openers.map(({ numbers }) => numbers)).toEqual([[9], []]);
    const ids = (count: number) => [count, ...Array.from({ length: count }, (_, index) => index + 10)];
    session.receive(FrameType.downMany, watch.id, 0, body(parcelCodec, parcel(9), ids(MANY_STREAMS_MAX)), true);
    expect(() =>
      session.receive(FrameType.downMany, watch.id, 0, body(parcelCodec, parcel(9), ids(MANY_STREAMS_MAX + 1)), true),
    ).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("never lets a grant wait that the peer may need at once", () => {
    for (const [id, credit] of [0, 1].entries()) {
      const stream = session.open(watch, parcel(1), new Opener(), { credit });
      if (credit > 0) down(id + 1, 1);
      carrier.notes.length = 0;
      stream.grant(1);
      expect(carrier.notes).toEqual([`grant ${id + 1}:1!`]);
    }
  });

  it("ends a stream whose handler throws, and tells both sides", () => {
    const opener = new Opener(() => {
      throw new ServiceError("invalid_argument", "what is this");
    });
    session.open(watch, parcel(1), opener);
    down(1, 1);
    expect(opener.ends).toMatchObject([{ code: "invalid_argument" }]);
    expect(carrier.notes).toContain(`signal ${FrameType.cancel} 1`);
  });

  it("goes away when its ids run out, and ends with the last that is in flight", async () => {
    const goAways: number[] = [];
    session.onGoAway(() => goAways.push(session.inFlight));
    const answer = (id: number): void =>
      session.receive(FrameType.response, echo.id, id, body(parcelCodec, parcel(id)), true);
    const answers: Promise<Parcel>[] = [];
    for (let id = 1; id <= 6; id++) {
      answers.push(session.call(echo, parcel(id)));
      if (id < 5) answer(id);
    }
    await Promise.resolve();
    expect([goAways, session.isOpen]).toEqual([[2], false]);
    expect(await rejection(session.call(echo, parcel(7)))).toMatchObject({ code: "unavailable", isSent: false });
    answer(5);
    expect(carrier.notes).not.toContain("shut");
    answer(6);
    expect(carrier.notes.at(-1)).toBe("shut");
    expect((await Promise.all(answers)).map((each) => each.number)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("takes only so many calls and streams at once", async () => {
    for (let count = 0; count < 3; count++) session.open(watch, parcel(count), new Opener());
    expect(await rejection(session.call(echo, parcel(1)))).toMatchObject({ code: "overloaded", isSent: false });
    const late = new Opener();
    session.open(watch, parcel(1), late);
    expect(await late.ended.promise).toMatchObject({ code: "overloaded" });
    expect(session.inFlight).toBe(3);
  });

  it("ignores what comes for the dead, and refuses what is not for it", () => {
    session.open(watch, parcel(1), new Opener()).cancel();
    for (const type of [FrameType.down, FrameType.response, FrameType.end, FrameType.opened]) {
      session.receive(type, watch.id, 1, nothing(), true);
    }
    for (const type of [FrameType.open, FrameType.request, FrameType.up, FrameType.cancel]) {
      expect(() => session.receive(type, watch.id, 1, nothing(), true)).toThrow(ServiceError);
    }
  });
});

describe("serving session", () => {
  let carrier: NotingCarrier;
  let services: LinkServiceTable;
  let session: ServingSession;
  beforeEach(() => {
    carrier = new NotingCarrier();
    services = new LinkServiceTable();
    const modules = { carrier, clock: new ManualClock(), logger: noLogger, services };
    session = new ServingSession(modules, PEER, { inFlightMax: 3 });
  });

  const open = (id: number, credit = 4): void =>
    session.receive(FrameType.open, watch.id, id, body(parcelCodec, parcel(id), [1_000, credit]), true);

  it("tells a handler that was still running when the connection ended", () => {
    const told: string[] = [];
    services.stream(watch, (_request, stream): ServerStreamHandlers<Parcel> => {
      session.closed(undefined);
      expect([stream.isOpen, stream.credit]).toEqual([false, 0]);
      stream.send(parcel(1));
      return { cancelled: () => told.push("cancelled") };
    });
    open(1);
    expect(told).toEqual(["cancelled"]);
    expect(carrier.notes).toEqual([]);
  });

  it("says nothing more of a stream its handler ended at once, or refused after ending it", () => {
    services.stream(watch, (request, stream) => {
      stream.end();
      if (request.number === 2) throw new Error("too late");
      return { cancelled: () => carrier.notes.push("cancelled") };
    });
    open(1);
    open(2);
    expect(carrier.notes).toEqual([`signal ${FrameType.end} 1`, `signal ${FrameType.end} 2`]);
    expect(session.inFlight).toBe(0);
  });

  it("takes only so many at once, and no id twice", () => {
    const server = new Server();
    services.stream(watch, server.handler);
    for (const id of [1, 2, 3, 4]) open(id);
    expect(server.streams).toHaveLength(3);
    expect(carrier.notes.at(-1)).toBe(`message ${FrameType.error} 4`);
    expect(() => open(2)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("takes no id of a call that waits for its answer", () => {
    services.unary(echo, () => new Promise<Parcel>(() => {}));
    services.stream(watch, new Server().handler);
    const request = (id: number): void =>
      session.receive(FrameType.request, echo.id, id, body(parcelCodec, parcel(id), [1_000, 0]), true);
    request(2);
    open(1);
    for (const again of [() => request(2), () => open(2), () => request(1), () => open(1)]) {
      expect(again).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    }
    expect(session.inFlight).toBe(2);
  });

  it("counts credit exactly however much is granted", () => {
    const server = new Server();
    services.stream(watch, server.handler);
    open(1, 2 ** 32 - 1);
    open(2, 1);
    const [first, second] = server.streams as [(typeof server.streams)[0], (typeof server.streams)[0]];
    expect(first.credit).toBe(2 ** 31);
    for (let granted = 0; granted < 3; granted++) session.granted(2, 2 ** 32 - 1);
    expect(second.credit).toBe(2 ** 31);
    second.send(parcel(1));
    expect(second.credit).toBe(2 ** 31 - 1);
  });

  it("holds streams back while the connection is congested, and lets each go on once", () => {
    const server = new Server();
    services.stream(watch, server.handler);
    open(1);
    open(2, 0);
    const [first, second] = server.streams as [(typeof server.streams)[0], (typeof server.streams)[0]];
    carrier.isCongested = true;
    expect([first.credit, second.credit]).toEqual([0, 0]);
    session.granted(2, 3);
    expect(server.credits).toBe(0);
    // Credit was checked just before the connection filled up: that send must not fail.
    first.send(parcel(1));
    session.uncongested();
    expect(server.credits).toBe(0);
    carrier.isCongested = false;
    session.uncongested();
    session.uncongested();
    expect([server.credits, first.credit, second.credit]).toEqual([2, 3, 3]);
  });

  it("asks only the next of the streams that wait when there is room for one more message", () => {
    const told: number[] = [];
    let asked = 0;
    let room = 0;
    Object.defineProperty(carrier, "isCongested", { get: () => ++asked > 0 && room <= 0 });
    services.stream(watch, (_request, stream) => ({
      credit: () => {
        told.push(stream.credit);
        stream.send(parcel(1));
        room--;
      },
    }));
    session = new ServingSession(
      { carrier, clock: new ManualClock(), logger: noLogger, services },
      { ...PEER },
      { inFlightMax: 1_000 },
    );
    for (let id = 1; id <= 1_000; id++) open(id, 0);
    for (let id = 1; id <= 1_000; id++) session.granted(id, id);
    asked = 0;
    for (let turn = 1; turn <= 20; turn++) {
      room = 1;
      session.uncongested();
    }
    expect(told).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(asked).toBeLessThan(100);
  });

  it("throws an answer away whose caller gave up", async () => {
    let release: (answer: Parcel) => void = () => {};
    services.unary(echo, () => new Promise<Parcel>((resolve) => (release = resolve)));
    session.receive(FrameType.request, echo.id, 1, body(parcelCodec, parcel(1), [1_000, 0]), true);
    session.receive(FrameType.cancel, 0, 1, nothing(), true);
    release(parcel(2));
    await new Promise((resolve) => void setImmediate(resolve));
    expect(carrier.notes).toEqual(["forget 1"]);
    expect(session.inFlight).toBe(0);
  });
});

test("an error gets through whatever it carries", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const carried = [
    { retryAfterMs: 1e300 },
    { retryAfterMs: -5 },
    { retryAfterMs: 7, details: { text: "x".repeat(100_000) } },
    { retryAfterMs: 7, details: cyclic as never },
  ].map((options) => bodyOfError(new ServiceError("overloaded", "y".repeat(10_000), options)));
  for (const each of carried) expect(body(ErrorBodyCodec, each).remaining).toBeLessThan(5_000);
  expect(carried.map(({ retryAfterMs, details }) => [retryAfterMs, details])).toEqual([
    [2 ** 32 - 1, undefined],
    [0, undefined],
    [7, undefined],
    [7, undefined],
  ]);
});
