import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { BoundedQueue, ServiceError } from "../src/index.ts";

describe("BoundedQueue", () => {
  test("behaves as an array with a bound", () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant("push" as const), value: fc.integer() }),
      fc.record({ kind: fc.constantFrom("shift" as const, "drain" as const) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.array(command, { maxLength: 300 }), (capacity, commands) => {
        const queue = new BoundedQueue<number>("items", capacity);
        let model: number[] = [];
        for (const step of commands) {
          if (step.kind === "push") {
            if (model.length >= capacity) expect(() => queue.push(step.value)).toThrow(ServiceError);
            else {
              queue.push(step.value);
              model.push(step.value);
            }
          } else if (step.kind === "shift") expect(queue.shift()).toBe(model.shift());
          else {
            expect(queue.drain()).toEqual(model);
            model = [];
          }
          expect(queue.length).toBe(model.length);
        }
      }),
    );
  });

  test("says what is full, retryably", () => {
    const queue = new BoundedQueue<number>("commands of a document", 1);
    queue.push(1);
    expect(() => queue.push(2)).toThrow(
      expect.objectContaining({
        code: "overloaded",
        retryable: true,
        message: "too many commands of a document waiting",
      }),
    );
  });

  test("keeps its order over many halvings of its store", () => {
    const queue = new BoundedQueue<number>("items", 1_000);
    let next = 0;
    for (let value = 0; value < 10_000; value++) {
      queue.push(value);
      if (value % 3 !== 0) expect(queue.shift()).toBe(next++);
      if (queue.length > 900) while (queue.length > 10) expect(queue.shift()).toBe(next++);
    }
    expect(next).toBeGreaterThan(6_000);
  });
});
