/** Why a command could not do what it was asked for, in words of the operator; ends in one line and an exit code. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  /** @param exitCode 1: the answer is no; 2: the question was wrong */
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
