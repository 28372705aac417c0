import { describe, expect, it } from "@jest/globals";
import { HelloCodec } from "@tidewire/link/session";
import { Reader, Writer } from "@tidewire/wire";
import { ControlType } from "../src/frame.ts";
import {
  commonVersion,
  DialHandshake,
  type Introduction,
  ListenHandshake,
  StrangerError,
} from "../src/handshake/handshake.ts";
import { proofOf, readProved } from "../src/handshake/proof.ts";

const KEY = "a key for tests only";
const OLD_KEY = "an old key, still taken";
const NO_BINDING = new Uint8Array(0);

function side(nodeId: string, settings: Partial<Introduction> = {}): Introduction {
  return {
    nodeId,
    role: "document-host",
    bootId: 1,
    heartbeatMs: 5_000,
    schemaDigest: "",
    versions: { min: 1, max: 1 },
    inFlightMax: 100,
    ...settings,
  };
}

const edge = side("edge", { role: "edge-proxy", heartbeatMs: 7_000, bootId: 2, schemaDigest: "abc" });
const host = side("host");
const read = (bytes: Uint8Array): Reader => new Reader(bytes.slice());

function shake(dial: DialHandshake, listen: ListenHandshake) {
  const welcome = listen.greeted(ControlType.hello, read(dial.hello));
  const { agreement, proof } = dial.answered(ControlType.welcome, read(welcome));
  return { dialler: agreement, listener: listen.proved(ControlType.proof, read(proof)), welcome, proof };
}

describe("handshake", () => {
  it("tells each side who the other is, and agrees on version and heartbeat", () => {
    const agreed = shake(new DialHandshake(edge, KEY, NO_BINDING), new ListenHandshake(host, [KEY], NO_BINDING));
    expect(agreed.dialler).toEqual({
      peer: { nodeId: "host", role: "document-host" },
      version: 1,
      heartbeatMs: 7_000,
      bootId: 1,
      schemaDigest: "",
    });
    expect(agreed.listener).toEqual({
      peer: { nodeId: "edge", role: "edge-proxy" },
      version: 1,
      heartbeatMs: 7_000,
      bootId: 2,
      schemaDigest: "abc",
    });
  });

  it.each([
    [{ min: 1, max: 3 }, { min: 2, max: 5 }, 3],
    [{ min: 1, max: 1 }, { min: 1, max: 9 }, 1],
    [{ min: 4, max: 6 }, { min: 1, max: 4 }, 4],
    [{ min: 1, max: 2 }, { min: 3, max: 4 }, undefined],
    [{ min: 3, max: 4 }, { min: 1, max: 2 }, undefined],
  ])("of %j and %j chooses %s", (ours, theirs, version) => {
    expect(commonVersion(ours, theirs)).toBe(version);
    const dial = new DialHandshake(side("edge", { versions: ours }), KEY, NO_BINDING);
    const listen = new ListenHandshake(side("host", { versions: theirs }), [KEY], NO_BINDING);
    if (version !== undefined) expect(shake(dial, listen).listener.version).toBe(version);
    else expect(() => shake(dial, listen)).toThrow(expect.objectContaining({ code: "unsupported" }));
  });

  it("takes any of the listener's keys and answers with the same", () => {
    const agreed = shake(
      new DialHandshake(edge, OLD_KEY, NO_BINDING),
      new ListenHandshake(host, [KEY, OLD_KEY], NO_BINDING),
    );
    expect(agreed.listener.peer.nodeId).toBe("edge");
  });

  it.each([
    ["another key", new DialHandshake(edge, "not the key of the fleet", NO_BINDING), [KEY]],
    ["no key", new DialHandshake(edge, undefined, NO_BINDING), [KEY]],
    ["a key where none is used", new DialHandshake(edge, KEY, NO_BINDING), [undefined]],
    ["another TLS session", new DialHandshake(edge, KEY, new Uint8Array(32)), [KEY]],
  ])("refuses a dialler with %s", (_what, dial, keys) => {
    const listen = new ListenHandshake(host, keys, NO_BINDING);
    expect(() => listen.greeted(ControlType.hello, read(dial.hello))).toThrow(
      expect.objectContaining({ code: "unauthenticated" }),
    );
  });

  it("notices one changed bit anywhere in HELLO or WELCOME", () => {
    const dial = new DialHandshake(edge, KEY, NO_BINDING);
    const welcome = new ListenHandshake(host, [KEY], NO_BINDING).greeted(ControlType.hello, read(dial.hello));
    for (const [bytes, check] of [
      [
        dial.hello,
        (changed: Uint8Array) => new ListenHandshake(host, [KEY], NO_BINDING).greeted(1, new Reader(changed)),
      ],
      [welcome, (changed: Uint8Array) => dial.answered(ControlType.welcome, new Reader(changed))],
    ] as const) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => check(changed)).toThrow();
      }
    }
  });

  it("refuses a repeated HELLO and PROOF: the listener asks anew each time", () => {
    const dial = new DialHandshake(edge, KEY, NO_BINDING);
    const overheard = shake(dial, new ListenHandshake(host, [KEY], NO_BINDING));
    const again = new ListenHandshake(host, [KEY], NO_BINDING);
    again.greeted(ControlType.hello, read(dial.hello));
    expect(() => again.proved(ControlType.proof, read(overheard.proof))).toThrow(StrangerError);
    expect(() =>
      dial.answered(
        ControlType.welcome,
        read(again.greeted(ControlType.hello, read(new DialHandshake(edge, KEY, NO_BINDING).hello))),
      ),
    ).toThrow(expect.objectContaining({ code: "unauthenticated" }));
  });

  it("does not take its own words for the other's", () => {
    const dial = new DialHandshake(edge, KEY, NO_BINDING);
    const listen = new ListenHandshake(host, [KEY], NO_BINDING);
    const welcome = listen.greeted(ControlType.hello, read(dial.hello));
    const { proof } = readProved(HelloCodec, read(dial.hello)).message;
    expect(() => listen.proved(ControlType.proof, read(proof))).toThrow(StrangerError);
    expect(() => listen.proved(ControlType.welcome, read(welcome))).toThrow(StrangerError);
    expect(() => dial.answered(ControlType.hello, read(dial.hello))).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });

  it("accepts fields of a newer peer, and covers them", () => {
    const dial = new DialHandshake(edge, KEY, NO_BINDING);
    const { message } = readProved(HelloCodec, read(dial.hello));
    const writer = new Writer();
    HelloCodec.encode(writer, { ...message, proof: new Uint8Array(32) });
    const proofAt = writer.position - 32;
    writer.bytes(new Uint8Array([1, 2, 3]), 0, 10, "unknown");
    const newer = writer.take();
    newer.set(proofOf(KEY, "hello", [newer, NO_BINDING]), proofAt);
    const listen = new ListenHandshake(host, [KEY], NO_BINDING);
    expect(listen.greeted(ControlType.hello, read(newer)).length).toBeGreaterThan(0);
    newer[newer.length - 1] = 9;
    expect(() => new ListenHandshake(host, [KEY], NO_BINDING).greeted(ControlType.hello, read(newer))).toThrow(
      expect.objectContaining({ code: "unauthenticated" }),
    );
  });

  it("tells a dialler why it was refused", () => {
    const dial = new DialHandshake(edge, KEY, NO_BINDING);
    const reject = Buffer.concat([Buffer.from([0xf2, 0x03, 4, 0, 0, 0]), Buffer.from("full")]);
    expect(() => dial.answered(ControlType.reject, read(reject))).toThrow(
      expect.objectContaining({ code: "unsupported", message: "the peer refused: full", isSent: false }),
    );
  });
});
