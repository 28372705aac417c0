import { describe, expect, test } from "@jest/globals";
import { type ErrorBody, errorCodeOf, errorRegistry, httpStatusOf, ServiceError } from "../src/index.ts";

describe("ServiceError", () => {
  test("takes number, retryability and delay from the registry", () => {
    const error = new ServiceError("not_owner", "ask another host");
    expect(error.toBody()).toEqual({
      code: "not_owner",
      number: 2104,
      message: "ask another host",
      retryable: true,
      retryAfterMs: 250,
    });
  });

  test("as an answer it is the same, but for the stack", () => {
    const options = { details: { code: "late" }, cause: new Error("why"), retryAfterMs: 7 };
    const answer = ServiceError.answer("rejected", "no", options);
    const error = new ServiceError("rejected", "no", options);
    expect(answer).toBeInstanceOf(ServiceError);
    expect(answer).toBeInstanceOf(Error);
    expect(answer.message).toBe(error.message);
    expect(answer.cause).toBe(error.cause);
    expect(answer.name).toBe(error.name);
    expect(Object.keys(error).filter((key) => !(key in answer))).toEqual([]);
    expect(answer.toBody()).toEqual(error.toBody());
    expect(ServiceError.from(answer)).toBe(answer);
    expect(answer.stack).toBeUndefined();
    expect(ServiceError.answer("not_owner", "ask another host").toBody()).toEqual(
      new ServiceError("not_owner", "ask another host").toBody(),
    );
  });

  test("shows neither cause nor stack to a caller", () => {
    const body = ServiceError.from(new Error("password=hunter2")).toBody();
    expect(JSON.stringify(body)).not.toContain("hunter2");
    expect(body.code).toBe("internal");
  });

  test("survives the way over a wire", () => {
    const error = new ServiceError("rejected", "no", { details: { code: "not_your_turn", data: { turn: 2 } } });
    expect(ServiceError.fromBody(error.toBody()).toBody()).toEqual(error.toBody());
  });

  test("a code of a newer peer is internal, also one that is a name of Object.prototype", () => {
    for (const code of ["from_the_future", "constructor", "__proto__"]) {
      const body = { code, number: 8000, message: "", retryable: false } as unknown as ErrorBody;
      expect(ServiceError.fromBody(body).code).toBe("internal");
    }
  });

  test("numbers are unique, lie in their range, and lead back to their code", () => {
    const numbers = Object.values(errorRegistry).map((definition) => definition.number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [code, definition] of Object.entries(errorRegistry)) {
      expect(errorCodeOf(definition.number)).toBe(code);
      expect(definition.httpStatus).toBeGreaterThanOrEqual(400);
    }
    expect(errorCodeOf(12)).toBe("internal");
  });

  test("has every code of the public contract", () => {
    const promised =
      "invalid_argument unauthenticated token_expired forbidden not_found already_exists rejected handler_failed limit_exceeded overloaded unavailable timeout draining moving not_owner fenced unsupported internal";
    expect(new Set(Object.keys(errorRegistry))).toEqual(new Set(promised.split(" ")));
    for (const code of ["overloaded", "draining", "moving", "timeout"] as const) {
      expect(errorRegistry[code].retryable).toBe(true);
      expect(httpStatusOf(code)).toBe(503);
    }
  });
});
