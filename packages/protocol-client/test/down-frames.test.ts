import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import {
  type DownFrame,
  deltaFrame,
  drainFrame,
  endFrame,
  errorFrame,
  heartbeatFrame,
  isLastFrame,
  readDownFrame,
  reconnectsAfter,
  resultFrame,
  snapshotFrame,
} from "../src/index.ts";

const failure = new ServiceError("moving", "the document is moving", { retryAfterMs: 50 }).toBody();

describe("what the builders write, the reader takes apart", () => {
  const frames: [text: string, frame: DownFrame, isLast: boolean][] = [
    [resultFrame(7, '{"seq":1}'), { kind: "result", id: 7, result: { seq: 1 } }, true],
    [errorFrame(7, failure), { kind: "error", id: 7, error: failure }, true],
    [snapshotFrame(7, '{"@s":1}'), { kind: "snapshot", id: 7, snapshot: { "@s": 1 } }, false],
    [deltaFrame(7, '{"@s":2}'), { kind: "delta", id: 7, delta: { "@s": 2 } }, false],
    [
      endFrame(7, { code: "not_found", message: "gone", retryable: false }),
      { kind: "end", id: 7, end: { code: "not_found", message: "gone", retryable: false } },
      true,
    ],
    [heartbeatFrame({ at: 5 }), { kind: "heartbeat", id: 0, heartbeat: { at: 5 } }, false],
    [
      drainFrame({ reconnectAfterMs: 100, ticket: "t" }),
      { kind: "drain", id: 0, drain: { reconnectAfterMs: 100, ticket: "t" } },
      false,
    ],
  ];
  test.each(frames)("%s", (text, frame, isLast) => {
    const read = readDownFrame(JSON.parse(text));
    expect(read).toEqual(frame);
    expect(isLastFrame(read as DownFrame)).toBe(isLast);
  });
});

test("a frame of a newer server is unknown, what is no frame is nothing", () => {
  expect(readDownFrame({ id: 3, weather: "fine" })).toEqual({ kind: "unknown", id: 3 });
  for (const value of [null, 7, "frame", [], {}, { id: "7", result: {} }, { id: -1, result: {} }, { result: {} }]) {
    expect(readDownFrame(value)).toBeUndefined();
  }
});

test("close codes say whether to come back", () => {
  const codes = [1000, 1001, 1006, 1007, 1009, 1011, 4000, 4408, 4499, 4500, 4503, 4999, 5000];
  expect(codes.filter(reconnectsAfter)).toEqual([1000, 1001, 1006, 1011, 4000, 4408, 4499, 5000]);
});
