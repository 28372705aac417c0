import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { ManualClock, noLogger, SeededRandom, ServiceError } from "@tidewire/foundation";
import { echo, parcel, parcelCodec, watch } from "@tidewire/link/compliance";
import {
  bodyOfError,
  ErrorBodyCodec,
  encodedMessage,
  FrameType,
  HelloCodec,
  PingCodec,
  PongCodec,
  RejectCodec,
  type SignalFrameType,
  WelcomeCodec,
} from "@tidewire/link/session";
import { type Codec, Writer } from "@tidewire/wire";
import { BinaryCarrier } from "../src/binary-carrier.ts";
import { defaultBinaryLinkLimits } from "../src/binary-link-options.ts";
import { ControlType, MAGIC } from "../src/frame.ts";
import { proofOf, writeProved } from "../src/handshake/proof.ts";
import { Traffic } from "../src/traffic.ts";

// The bytes of FORMAT.md. A change here is a change of the wire: it needs a new version of the protocol.

const golden = JSON.parse(readFileSync(new URL("golden/frames.json", import.meta.url), "utf8")) as Record<
  string,
  string
>;
const format = readFileSync(new URL("../FORMAT.md", import.meta.url), "utf8");

/** What a carrier writes when `act` is done with it. */
async function written(act: (carrier: BinaryCarrier) => void, limits = defaultBinaryLinkLimits): Promise<string> {
  const chunks: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const carrier = new BinaryCarrier(
    socket as unknown as Socket,
    {
      clock: new ManualClock(),
      random: new SeededRandom(1),
      logger: noLogger,
      traffic: new Traffic(),
      observer: { roundTrip() {}, broke() {}, load: () => 0 },
    },
    limits,
    { greeter: { frame() {}, strange() {} }, flushesAfterRead: false },
  );
  act(carrier);
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => void setImmediate(resolve));
  return Buffer.concat(chunks).toString("hex");
}

function encoded<Message>(codec: Codec<Message>, message: Message): Uint8Array {
  const writer = new Writer();
  codec.encode(writer, message);
  return writer.take();
}

const KEY = "a key for tests only";
const nonce = new Uint8Array(16).fill(0xaa);
const proof = new Uint8Array(32);
const introduction = {
  heartbeatMs: 5000,
  bootId: 1,
  connectionWindowBytes: 0,
  schemaDigest: "d",
  role: "tool",
  nonce,
  proof,
};
const hello = writeProved(
  HelloCodec,
  { ...introduction, magic: MAGIC, minVersion: 1, maxVersion: 1, nodeId: "a" },
  (covered) => proofOf(KEY, "hello", [covered, new Uint8Array(0)]),
);
const welcome = writeProved(WelcomeCodec, { ...introduction, version: 1, streamsMax: 65_536, nodeId: "b" }, (covered) =>
  proofOf(KEY, "welcome", [hello.covered, covered, new Uint8Array(0)]),
);
const error = new ServiceError("overloaded", "busy", { retryAfterMs: 250, details: { queued: 3 } });
const message = parcel(7, "hi", new Uint8Array([1, 2, 3]));
const small = { ...defaultBinaryLinkLimits, fragmentBytes: 8 };
const signal = (type: SignalFrameType) => () => written((carrier) => carrier.signal(type, 5));

const frames: Record<string, () => Promise<string>> = {
  HELLO: () => written((carrier) => carrier.greet(ControlType.hello, hello.body)),
  WELCOME: () => written((carrier) => carrier.greet(ControlType.welcome, welcome.body)),
  PROOF: () =>
    written((carrier) =>
      carrier.greet(ControlType.proof, proofOf(KEY, "proof", [hello.covered, welcome.covered, new Uint8Array(0)])),
    ),
  REJECT: () =>
    written((carrier) => carrier.greet(ControlType.reject, encoded(RejectCodec, { code: 1010, message: "no" }))),
  PING: () => written((carrier) => carrier.greet(ControlType.ping, encoded(PingCodec, { sentAt: 1.5, load: 128 }))),
  PONG: () => written((carrier) => carrier.greet(ControlType.pong, encoded(PongCodec, { sentAt: 1.5, load: 0 }))),
  GOAWAY: () => written((carrier) => carrier.goAway(20_000)),
  CREDIT: () =>
    written((carrier) => {
      carrier.grant(5, 3, 0, true);
      carrier.grant(5, 1, 0, true);
      carrier.grant(9, 70_000, 0, true);
    }),
  OPEN: () => written((carrier) => carrier.open(watch.id, 5, 10_000, 4, parcelCodec, message)),
  OPENED: signal(FrameType.opened),
  REQUEST: () => written((carrier) => carrier.request(echo.id, 5, 10_000, parcelCodec, message)),
  RESPONSE: () => written((carrier) => carrier.message(FrameType.response, echo.id, 5, parcelCodec, message)),
  ERROR: () => written((carrier) => carrier.message(FrameType.error, 0, 5, ErrorBodyCodec, bodyOfError(error))),
  DOWN: () => written((carrier) => carrier.message(FrameType.down, watch.id, 5, parcelCodec, message)),
  DOWN_MANY: () => written((carrier) => carrier.many(watch.id, Uint32Array.of(5, 9), parcelCodec, message)),
  CANCEL: signal(FrameType.cancel),
  END: signal(FrameType.end),
  UP: () => written((carrier) => carrier.message(FrameType.up, watch.id, 5, parcelCodec, message)),
  "DOWN in three fragments": () =>
    written(
      (carrier) => carrier.message(FrameType.down, watch.id, 5, encodedMessage, new Uint8Array(20).fill(0xbb)),
      small,
    ),
};

describe("golden frames", () => {
  it.each(Object.keys(frames))("%s", async (name) => {
    const hex = await (frames[name] as () => Promise<string>)();
    expect(hex).toBe(golden[name]);
    expect(format.replaceAll(/\s/g, "")).toContain(hex);
  });

  it("are all there", () => {
    expect(Object.keys(golden)).toEqual(Object.keys(frames));
  });
});
