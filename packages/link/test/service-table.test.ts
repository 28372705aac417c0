import { describe, expect, it } from "@jest/globals";
import { streamMethod, unaryMethod } from "../src/compliance/test-service.ts";
import { LinkServiceTable } from "../src/index.ts";

describe("service table", () => {
  it("finds a handler by id and kind", () => {
    const table = new LinkServiceTable();
    const unary = unaryMethod(1, "one");
    const stream = streamMethod(2, "two");
    table.unary(unary, (request) => request);
    table.stream(stream, () => ({}));
    expect(table.unaryOf(unary.id)?.method.name).toBe("compliance/one");
    expect(table.streamOf(stream.id)?.method.name).toBe("compliance/two");
    expect([table.unaryOf(stream.id), table.streamOf(unary.id), table.unaryOf(77)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("refuses a second handler for an id, of either kind, and ids that fit no frame", () => {
    const table = new LinkServiceTable();
    table.unary(unaryMethod(1, "one"), (request) => request);
    expect(() => table.unary(unaryMethod(1, "again"), (request) => request)).toThrow(/one and compliance\/again/);
    expect(() => table.stream(streamMethod(1, "other"), () => ({}))).toThrow(/served twice/);
    for (const id of [0, -1, 65_536, 1.5]) {
      expect(() => table.unary({ ...unaryMethod(1, "odd"), id }, (request) => request)).toThrow(RangeError);
    }
  });
});
