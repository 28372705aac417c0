import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { connected, type LinkHarness, type LinkSubject } from "./harness.ts";
import { echo, Opener, parcel, Server, watch } from "./test-service.ts";

/** Messages sent in one turn of the event loop. */
const MESSAGES = 6_000;
/** A transport that handles them one by one takes about a turn for each. */
const STEPS_MAX = 60;

/** Counts the groups of calls between which a microtask could run. */
class Groups {
  count = 0;
  #isOpen = false;

  mark(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.count++;
    queueMicrotask(() => {
      this.#isOpen = false;
    });
  }
}

/** Counts the turns of the event loop until the promise settles. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isSettled = false;
  const settled = promise.finally(() => {
    isSettled = true;
  });
  const turn = (): void => {
    turns++;
    if (!isSettled) setImmediate(turn);
  };
  setImmediate(turn);
  await settled;
  return turns;
}

/**
 * Turns are long in a process with much to do, a document host above all: a link that sends or hands over one message for
 * each of them stands still there, however fast it is in a process of its own.
 */
export function testTogether(subject: LinkSubject): void {
  describe("messages of one turn", () => {
    let harness: LinkHarness;
    beforeEach(async () => {
      harness = await subject.create();
    });
    afterEach(() => harness.close());

    it("of many calls travel, arrive and are answered together", async () => {
      const arrivals = new Groups();
      const { connection } = await connected(harness, (services) =>
        services.unary(echo, (request) => {
          arrivals.mark();
          return request;
        }),
      );
      // The first call of a connection may have to wait for it.
      await harness.until(connection.call(echo, parcel(0)));
      const calls = Array.from({ length: MESSAGES }, (_, index) =>
        connection.call(echo, parcel(index, "x".repeat(300))),
      );
      expect(await turnsUntil(harness.until(Promise.all(calls)))).toBeLessThan(STEPS_MAX);
      expect(arrivals.count).toBeGreaterThan(0);
      expect(arrivals.count).toBeLessThan(STEPS_MAX);
    });

    it("of one stream travel and arrive together", async () => {
      const arrivals = new Groups();
      const server = new Server();
      const { connection } = await connected(harness, (services) => services.stream(watch, server.handler));
      const opener = new Opener(() => arrivals.mark());
      connection.open(watch, parcel(1), opener, { credit: MESSAGES + 1 });
      await harness.until(server.opened());
      server.stream.send(parcel(0));
      await harness.until(opener.received(1));
      for (let index = 1; index <= MESSAGES; index++) server.stream.send(parcel(index, "x".repeat(300)));
      expect(await turnsUntil(harness.until(opener.received(MESSAGES + 1)))).toBeLessThan(STEPS_MAX);
      expect(opener.numbers).toEqual(Array.from({ length: MESSAGES + 1 }, (_, index) => index));
      expect(arrivals.count).toBeLessThan(STEPS_MAX);
    });
  });
}
