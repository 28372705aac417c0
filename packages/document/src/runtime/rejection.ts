/** Unwinds a handler that rejected. */
export class Rejection extends Error {
  declare readonly code: string;
  /** Plain JSON. */
  declare readonly data: unknown;

  /**
   * An error by its prototype only: to reject is an answer like any other, and the constructor of `Error` alone costs as much
   * as half a transaction, even where it captures no stack.
   */
  static of(code: string, data: unknown): Rejection {
    const rejection = Object.create(Rejection.prototype) as { -readonly [Key in keyof Rejection]: Rejection[Key] };
    rejection.name = "Rejection";
    rejection.message = `rejected: ${code}`;
    rejection.code = code;
    rejection.data = data;
    return rejection;
  }
}
