import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { closeCodes, parseUpFrame, readUpFrame, type UpFrame } from "../src/index.ts";

function refusal(frame: UpFrame): unknown {
  if (frame.kind !== "refused") return frame;
  const { parameter, reason } = frame.error.details as { parameter: string; reason: string };
  return { id: frame.id, code: frame.error.code, parameter, reason };
}

describe("faults of framing close the socket", () => {
  test.each([
    ["not JSON", "{", closeCodes.malformedFrame],
    ["an array", "[]", closeCodes.malformedFrame],
    ["null", "null", closeCodes.malformedFrame],
    ["no id", '{"method":"heartbeat","at":1}', closeCodes.malformedId],
    ["id 0 without ack", '{"id":0,"method":"heartbeat","at":1}', closeCodes.malformedId],
    ["a fractional id", '{"id":1.5,"method":"heartbeat","at":1}', closeCodes.malformedId],
    ["an id beyond 2^53-1", '{"id":9007199254740992,"method":"heartbeat","at":1}', closeCodes.malformedId],
    ["a text for an id", '{"id":"1","method":"heartbeat","at":1}', closeCodes.malformedId],
    ["an ack that is no list", '{"id":0,"ack":7}', closeCodes.malformedAck],
    ["an ack that is null", '{"id":0,"ack":null}', closeCodes.malformedAck],
    ["an ack of one number", '{"id":0,"ack":[[7]]}', closeCodes.malformedAck],
    ["an ack of texts", '{"id":0,"ack":[["7","1"]]}', closeCodes.malformedAck],
  ])("%s", (_, text, closeCode) => {
    expect(parseUpFrame(text)).toMatchObject({ kind: "fault", closeCode });
  });
});

describe("a faulty request fails alone", () => {
  test.each([
    ["no method", { id: 7 }, "invalid_argument", "method", "missing"],
    ["a method that is no text", { id: 7, method: 5 }, "invalid_argument", "method", "wrong_type"],
    ["an unknown method", { id: 7, method: "document/rename" }, "unsupported", "method", "unknown_method"],
    ["a method every object inherits", { id: 7, method: "constructor" }, "unsupported", "method", "unknown_method"],
    ["a missing parameter", { id: 7, method: "document/get", space: "game" }, "invalid_argument", "key", "missing"],
    ["a wrong type", { id: 7, method: "document/get", space: "game", key: 1 }, "invalid_argument", "key", "wrong_type"],
    [
      "a malformed name",
      { id: 7, method: "document/get", space: "Game", key: "a" },
      "invalid_argument",
      "space",
      "malformed",
    ],
    [
      "a name with a line break",
      { id: 7, method: "document/get", space: "game", key: "a\n" },
      "invalid_argument",
      "key",
      "malformed",
    ],
    [
      "a marker too long",
      { id: 7, method: "document/create", space: "game", key: "a", marker: "m".repeat(129) },
      "invalid_argument",
      "marker",
      "malformed",
    ],
    [
      "a connection below 1",
      { id: 7, method: "connection/end", connection: 0 },
      "invalid_argument",
      "connection",
      "out_of_range",
    ],
    [
      "half a resume",
      { id: 7, method: "connection/create", space: "game", key: "a", resume: { seq: 1 } },
      "invalid_argument",
      "resume.hash",
      "missing",
    ],
    [
      "a null for an optional parameter",
      { id: 7, method: "document/create", space: "game", key: "a", marker: null },
      "invalid_argument",
      "marker",
      "wrong_type",
    ],
    [
      "a required JSON that is missing",
      { id: 7, method: "connection/update", connection: 1 },
      "invalid_argument",
      "viewState",
      "missing",
    ],
    [
      "a heartbeat with a short entry",
      { id: 7, method: "heartbeat", at: 1, streams: [[1, 2]] },
      "invalid_argument",
      "streams",
      "wrong_type",
    ],
  ])("%s", (_, frame, code, parameter, reason) => {
    expect(refusal(readUpFrame(frame))).toEqual({ id: 7, code, parameter, reason });
  });

  test("JSON nested too deeply, at any depth, is the caller's mistake", () => {
    for (const depth of [65, 1_000, 100_000]) {
      const text = `{"id":7,"method":"message/send","space":"game","key":"a","message":"m","arg":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      expect(refusal(parseUpFrame(text))).toEqual({
        id: 7,
        code: "invalid_argument",
        parameter: "arg",
        reason: "too_deep",
      });
    }
  });
});

describe("requests", () => {
  test("carry JSON as text, keys like __proto__ included", () => {
    const text =
      '{"id":7,"method":"connection/send","connection":3,"message":"add","arg":{"__proto__":{"by":2}},"marker":"m1"}';
    expect(parseUpFrame(text)).toEqual({
      kind: "request",
      id: 7,
      request: {
        method: "connection/send",
        connection: 3,
        message: "add",
        arg: '{"__proto__":{"by":2}}',
        marker: "m1",
      },
    });
  });

  test("ignore parameters they do not know", () => {
    const frame = readUpFrame({ id: 1, method: "document/get", space: "game", key: "a", colour: "blue" });
    expect(frame).toEqual({ kind: "request", id: 1, request: { method: "document/get", space: "game", key: "a" } });
  });

  test("keep a null argument apart from none", () => {
    const frame = readUpFrame({ id: 1, method: "message/send", space: "game", key: "a", message: "m", arg: null });
    expect(frame).toMatchObject({ request: { arg: "null" } });
  });

  test("acknowledge streams", () => {
    expect(parseUpFrame('{"id":0,"ack":[[7,123],[9,55]]}')).toEqual({
      kind: "ack",
      ack: [
        [7, 123],
        [9, 55],
      ],
    });
  });
});

test("any JSON is one of the four outcomes and nothing is thrown", () => {
  const method = fc.constantFrom(
    "heartbeat",
    "connection/create",
    "message/send",
    "document/get",
    "session/authenticate",
  );
  const frame = fc.record(
    {
      id: fc.oneof(fc.nat(3), fc.jsonValue()),
      method: fc.oneof(method, fc.jsonValue()),
      ack: fc.jsonValue(),
      space: fc.oneof(fc.constant("game"), fc.jsonValue()),
      key: fc.oneof(fc.constant("a"), fc.jsonValue()),
      message: fc.jsonValue(),
      arg: fc.jsonValue(),
      at: fc.jsonValue(),
      streams: fc.jsonValue(),
      resume: fc.jsonValue(),
      connection: fc.jsonValue(),
    },
    { requiredKeys: ["id"] },
  );
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(frame, fc.jsonValue()), (value) => {
      const outcome = readUpFrame(value);
      outcomes.add(outcome.kind);
      if (outcome.kind === "refused") expect(["invalid_argument", "unsupported"]).toContain(outcome.error.code);
    }),
    { numRuns: 2_000 },
  );
  expect([...outcomes].sort()).toEqual(["ack", "fault", "refused", "request"]);
});
