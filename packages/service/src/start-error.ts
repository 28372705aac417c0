/** Why a process cannot start, in one line that says what to do. Printed without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** 1: the environment is wrong; 2: the configuration is. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A failed `listen` in words of the user. */
export function listenError(what: string, address: string, setting: string, error: unknown): StartError {
  const code = (error as { code?: string }).code;
  const reason =
    code === "EADDRINUSE"
      ? "the port is taken by another process"
      : code === "EACCES"
        ? "this user may not use the port"
        : code === "EADDRNOTAVAIL"
          ? "this machine has no such address"
          : ((error as Error).message ?? String(error));
  return new StartError(
    `cannot listen for ${what} on ${address}: ${reason}; stop it or set ${setting} to another address`,
  );
}
