/** Document code did something state does not allow. The transaction it happens in is rolled back unless it is caught. */
export class StateError extends Error {
  override readonly name = "StateError";
}
