import { type ErrorCode, type ErrorDetails, errorRegistry, ServiceError } from "@tidewire/foundation";

export interface TidewireErrorOptions {
  /** By default what the registry says of the code. */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/**
 * Every error this client answers with. `code` is one of the registry, or a newer server's that this client does not know
 * yet; decide by `code` and `retryable`, never by the text. A refusal of the document itself has the code `rejected` and
 * the document's own code and data in `details`.
 */
export class TidewireError extends Error {
  override readonly name = "TidewireError";
  readonly code: ErrorCode | (string & {});
  /** The code's stable number; 0 when the code is not known here and the server did not say. */
  readonly number: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: ErrorDetails | undefined;

  constructor(
    code: ErrorCode | (string & {}),
    message: string,
    options: TidewireErrorOptions & { readonly number?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const known = Object.hasOwn(errorRegistry, code) ? errorRegistry[code as ErrorCode] : undefined;
    this.code = code;
    this.number = options.number ?? known?.number ?? 0;
    this.retryable = options.retryable ?? known?.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  /** An error as a server sent it. What is none, is an `internal` of that server. */
  static fromBody(body: unknown): TidewireError {
    if (typeof body !== "object" || body === null)
      return new TidewireError("internal", "the server sent an error that is none");
    const { code, number, message, retryable, retryAfterMs, details } = body as Record<string, unknown>;
    return new TidewireError(typeof code === "string" ? code : "internal", typeof message === "string" ? message : "", {
      ...(typeof number === "number" ? { number } : {}),
      ...(typeof retryable === "boolean" ? { retryable } : {}),
      ...(typeof retryAfterMs === "number" && retryAfterMs >= 0 ? { retryAfterMs } : {}),
      ...(typeof details === "object" && details !== null ? { details: details as ErrorDetails } : {}),
    });
  }

  /** Anything thrown; `code` names what is neither ours nor a `ServiceError`. */
  static from(thrown: unknown, code: ErrorCode = "internal"): TidewireError {
    if (thrown instanceof TidewireError) return thrown;
    if (thrown instanceof ServiceError) return TidewireError.fromBody(thrown.toBody());
    return new TidewireError(code, thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}
