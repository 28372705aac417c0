import { type ErrorCode, type ErrorDefinition, errorRegistry } from "./generated/error-registry.ts";

export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface ServiceErrorOptions {
  readonly retryAfterMs?: number;
  /** JSON values only; they travel to the caller as they are. */
  readonly details?: ErrorDetails;
  /** Stays in this process, for the log. */
  readonly cause?: unknown;
}

/** The shape of an error on every wire a client sees. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly number: number;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: ErrorDetails;
}

/**
 * The one error that crosses boundaries. `code` decides number, retryability and HTTP status through the registry; the
 * message is for people and is never parsed.
 */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ErrorCode;
  readonly number: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const definition: ErrorDefinition = errorRegistry[code];
    this.code = code;
    this.number = definition.number;
    this.retryable = definition.retryable;
    this.retryAfterMs = options.retryAfterMs ?? definition.retryAfterMs;
    this.details = options.details;
  }

  /**
   * One without a stack, for a refusal that is an answer like any other: where it was made says nothing. It is an error by
   * its prototype only, because the constructor of `Error` costs as much as all the work that a host does for a small message.
   */
  static answer(code: ErrorCode, message: string, options: ServiceErrorOptions = {}): ServiceError {
    const definition: ErrorDefinition = errorRegistry[code];
    const error = Object.create(ServiceError.prototype) as { -readonly [Key in keyof ServiceError]: ServiceError[Key] };
    error.name = "ServiceError";
    error.message = message;
    error.code = code;
    error.number = definition.number;
    error.retryable = definition.retryable;
    error.retryAfterMs = options.retryAfterMs ?? definition.retryAfterMs;
    error.details = options.details;
    if (options.cause !== undefined) error.cause = options.cause;
    return error;
  }

  /** What a caller gets to see: neither cause nor stack. */
  toBody(): ErrorBody {
    return {
      code: this.code,
      number: this.number,
      message: this.message,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }

  /** A code that this build does not know (a newer peer's) becomes `internal`. */
  static fromBody(body: ErrorBody): ServiceError {
    const code = Object.hasOwn(errorRegistry, body.code) ? body.code : "internal";
    return new ServiceError(code, body.message, {
      ...(body.retryAfterMs === undefined ? {} : { retryAfterMs: body.retryAfterMs }),
      ...(body.details === undefined ? {} : { details: body.details }),
    });
  }

  /** Anything thrown, as a `ServiceError`; what is none becomes `internal` without its text. */
  static from(thrown: unknown): ServiceError {
    return thrown instanceof ServiceError ? thrown : new ServiceError("internal", "internal error", { cause: thrown });
  }
}

const codesByNumber = new Map<number, ErrorCode>(
  Object.entries(errorRegistry).map(([code, definition]) => [definition.number, code as ErrorCode]),
);

/** The code of a registry number, as it travels on internal links; an unknown number (a newer peer) is `internal`. */
export function errorCodeOf(number: number): ErrorCode {
  return codesByNumber.get(number) ?? "internal";
}

export function httpStatusOf(code: ErrorCode): number {
  return errorRegistry[code].httpStatus;
}
