/** Unwinds a handler that rejected. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly code: string;
  /** Plain JSON. */
  readonly data: unknown;

  constructor(code: string, data: unknown) {
    super(`rejected: ${code}`);
    this.code = code;
    this.data = data;
  }
}
