import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { KeyRing } from "../src/key-ring.ts";
import { ReplayWindow } from "../src/replay-window.ts";
import { Opener, SEAL_OVERHEAD_BYTES, SealContext, Sealer } from "../src/seal.ts";

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const ring = (...fills: number[]): KeyRing => new KeyRing(fills.map(key));
const context = new SealContext("prod", "datagram");
const message = Buffer.from("who is there");

describe("a sealed message", () => {
  test("opens for who holds the key, and costs 45 bytes", () => {
    const sealer = new Sealer(ring(1), context);
    const sealed = sealer.seal(message);
    expect(sealed.length).toBe(message.length + SEAL_OVERHEAD_BYTES);
    expect(SEAL_OVERHEAD_BYTES).toBe(45);
    expect(sealed.includes(message)).toBe(false);
    const opened = new Opener(ring(2, 1)).open(sealed, context);
    expect(opened).toMatchObject({ session: sealer.session, counter: 0 });
    expect(opened?.plain).toEqual(message);
  });

  test("opens for nobody else: other key, group, purpose", () => {
    const sealed = new Sealer(ring(1), context).seal(message);
    expect(new Opener(ring(2)).open(sealed, context)).toBeUndefined();
    expect(new Opener(ring(1)).open(sealed, new SealContext("staging", "datagram"))).toBeUndefined();
    expect(new Opener(ring(1)).open(sealed, new SealContext("prod", "request"))).toBeUndefined();
    // The label and the purpose cannot be shifted into one another.
    const shifted = new Sealer(ring(1), new SealContext("b\0c", "a")).seal(message);
    expect(new Opener(ring(1)).open(shifted, new SealContext("c", "a\0b"))).toBeUndefined();
  });

  test("does not open with any one bit changed, cut short or extended", () => {
    const sealed = new Sealer(ring(1), context).seal(message);
    const opener = new Opener(ring(1));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      if (opener.open(changed, context) !== undefined) throw new Error(`opened with bit ${bit} changed`);
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(opener.open(sealed.subarray(0, length), context)).toBeUndefined();
    }
    expect(opener.open(Buffer.concat([sealed, Buffer.of(0)]), context)).toBeUndefined();
    expect(opener.open(sealed, context)?.plain).toEqual(message);
  });

  test("never repeats a nonce under one key: each sender has its own key, each message its own counter", () => {
    const one = new Sealer(ring(1), context);
    const other = new Sealer(ring(1), context);
    expect(one.session).not.toBe(other.session);
    const opener = new Opener(ring(1));
    const counters = Array.from({ length: 300 }, () => opener.open(one.seal(message), context)!.counter);
    expect(counters).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(one.seal(message).equals(one.seal(message))).toBe(false);
  });

  test("goes out under a new key from the moment the ring is replaced", () => {
    const keys = ring(1);
    const sealer = new Sealer(keys, context);
    sealer.seal(message);
    keys.replace([key(2), key(1)]);
    const sealed = sealer.seal(message);
    expect(new Opener(ring(1)).open(sealed, context)).toBeUndefined();
    expect(new Opener(ring(2)).open(sealed, context)?.plain).toEqual(message);
  });
});

describe("the key ring", () => {
  test("names keys by what they are", () => {
    expect(ring(1).sealing.id).toBe(ring(1, 2).sealing.id);
    expect(ring(1).ids).not.toEqual(ring(2).ids);
  });

  test.each([[[]], [[new Uint8Array(16)]], [Array.from({ length: 9 }, (_, index) => key(index))]])(
    "refuses what is no ring %#",
    (secrets) => {
      expect(() => new KeyRing(secrets)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    },
  );
});

describe("the replay window", () => {
  test("accepts each counter once, unless it is too old to tell", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      let counter = random.below(1_000);
      for (let step = 0; step < 400; step++) {
        counter = Math.max(0, counter + random.below(160) - 75);
        const isFresh = !seen.has(counter) && counter > highest - 64;
        if (window.accept(counter) !== isFresh) throw new Error(`seed ${seed}, step ${step}: counter ${counter}`);
        seen.add(counter);
        highest = Math.max(highest, counter);
      }
    }
  });

  test("takes leaps as far as a counter can go", () => {
    const window = new ReplayWindow();
    for (const counter of [0, 31, 32, 63, 64, 200, 2 ** 40, 2 ** 53 - 1]) {
      expect(window.accept(counter)).toBe(true);
      expect(window.accept(counter)).toBe(false);
    }
    expect(window.accept(2 ** 40)).toBe(false);
  });
});
