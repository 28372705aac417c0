/** Too much of something; becomes `limit_exceeded` for the sender. */
export class LimitError extends Error {
  override readonly name = "LimitError";
  /** The option that says how much. */
  readonly limit: string;

  constructor(limit: string, max: number) {
    super(`${limit} is ${max}`);
    this.limit = limit;
  }
}
