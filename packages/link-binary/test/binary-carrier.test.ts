import { Socket } from "node:net";
import { expect, it } from "@jest/globals";
import { ManualClock, noLogger, SeededRandom } from "@tidewire/foundation";
import { encodedMessage } from "@tidewire/link/session";
import { Writer } from "@tidewire/wire";
import { BinaryCarrier } from "../src/binary-carrier.ts";
import { defaultBinaryLinkLimits } from "../src/binary-link-options.ts";
import { beginFrame, ControlType, endFrame } from "../src/frame.ts";
import { READ_BYTES } from "../src/socket-reader.ts";
import { Traffic } from "../src/traffic.ts";

const FRAME_BYTES = 64;

it("a carrier is behind while a read brings as much as it can", () => {
  let frames = 0;
  const observer = { roundTrip: () => {}, broke: () => {}, load: () => 0 };
  const modules = { clock: new ManualClock(), random: new SeededRandom(1), logger: noLogger, traffic: new Traffic() };
  const carrier = new BinaryCarrier(new Socket(), { ...modules, observer }, defaultBinaryLinkLimits, {
    greeter: { frame: () => void frames++, strange: () => {} },
    flushesAfterRead: false,
  });
  const writer = new Writer();
  while (writer.position < READ_BYTES) {
    const at = beginFrame(writer, ControlType.hello, 0, 0, 0);
    encodedMessage.encode(writer, new Uint8Array(FRAME_BYTES - (writer.position - at)));
    endFrame(writer, at);
  }
  const bytes = writer.take();
  const seen = [READ_BYTES, READ_BYTES - FRAME_BYTES, READ_BYTES, FRAME_BYTES].map((length) => {
    carrier.read(bytes, length);
    return carrier.isBehind;
  });
  expect(seen).toEqual([true, false, true, false]);
  expect(frames).toBe((3 * READ_BYTES) / FRAME_BYTES);
});
