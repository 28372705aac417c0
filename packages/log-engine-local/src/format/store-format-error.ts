/** The data directory holds something this version must not touch. The message says what, and what to do. */
export class StoreFormatError extends Error {
  override readonly name = "StoreFormatError";
}
