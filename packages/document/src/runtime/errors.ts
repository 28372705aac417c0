import { ServiceError } from "@tidewire/foundation";
import { LimitError } from "../state/limit-error.ts";
import { Rejection } from "./rejection.ts";

/** What a sender is told about a throw of document code. Texts of document code stay inside. */
export function refusalOf(thrown: unknown): ServiceError {
  if (thrown instanceof Rejection) {
    const { code, data } = thrown;
    return ServiceError.answer("rejected", "the document refused the message", {
      details: data === undefined ? { code } : { code, data },
    });
  }
  if (thrown instanceof LimitError) return limitExceeded(thrown);
  // Only our own: one that document code throws is a throw like any other.
  if (thrown instanceof CommandFault) return thrown.error;
  return ServiceError.answer("handler_failed", "the document's code failed; nothing was changed", { cause: thrown });
}

export function limitExceeded(error: LimitError): ServiceError {
  return ServiceError.answer("limit_exceeded", error.message, { details: { limit: error.limit } });
}

/** Unwinds a command that is refused with a known error. */
export class CommandFault extends Error {
  declare readonly error: ServiceError;

  /** Without a stack, like the error. */
  static of(error: ServiceError): CommandFault {
    const fault = Object.create(CommandFault.prototype) as { -readonly [Key in keyof CommandFault]: CommandFault[Key] };
    fault.name = "CommandFault";
    fault.message = error.message;
    fault.error = error;
    return fault;
  }
}

export function forbidden(): ServiceError {
  return ServiceError.answer("forbidden", "the document does not allow this principal to do that");
}

export function notFound(): ServiceError {
  return ServiceError.answer("not_found", "the document does not exist");
}

export function invalidArgument(message: string, details: Readonly<Record<string, unknown>>): ServiceError {
  return ServiceError.answer("invalid_argument", message, { details });
}
