import { ServiceError } from "@tidewire/foundation";
import { LimitError } from "../state/limit-error.ts";
import { Rejection } from "./rejection.ts";
import { withoutStack } from "./without-stack.ts";

/** What a sender is told about a throw of document code. Texts of document code stay inside. */
export function refusalOf(thrown: unknown): ServiceError {
  return withoutStack(() => refusal(thrown));
}

function refusal(thrown: unknown): ServiceError {
  if (thrown instanceof Rejection) {
    const { code, data } = thrown;
    return new ServiceError("rejected", "the document refused the message", {
      details: data === undefined ? { code } : { code, data },
    });
  }
  if (thrown instanceof LimitError) return limitExceeded(thrown);
  // Only our own: one that document code throws is a throw like any other.
  if (thrown instanceof CommandFault) return thrown.error;
  return new ServiceError("handler_failed", "the document's code failed; nothing was changed", { cause: thrown });
}

export function limitExceeded(error: LimitError): ServiceError {
  return new ServiceError("limit_exceeded", error.message, { details: { limit: error.limit } });
}

/** Unwinds a command that is refused with a known error. */
export class CommandFault extends Error {
  override readonly name = "CommandFault";
  readonly error: ServiceError;

  constructor(error: ServiceError) {
    super(error.message);
    this.error = error;
  }
}

export function forbidden(): ServiceError {
  return new ServiceError("forbidden", "the document does not allow this principal to do that");
}

export function notFound(): ServiceError {
  return new ServiceError("not_found", "the document does not exist");
}

export function invalidArgument(message: string, details: Readonly<Record<string, unknown>>): ServiceError {
  return new ServiceError("invalid_argument", message, { details });
}
