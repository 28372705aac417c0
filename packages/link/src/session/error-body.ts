import { type ErrorDetails, errorCodeOf, ServiceError } from "@tidewire/foundation";
import type { ErrorBody } from "../generated/link-types.ts";

/** Bounds of link.xml; what is longer is cut or left out rather than refused: an error must get through. */
const MESSAGE_MAX_LENGTH = 4096;
const DETAILS_MAX_LENGTH = 65_536;
const RETRY_AFTER_MAX_MS = 0xffff_ffff;

/** An error as it travels. Causes and stacks stay here. */
export function bodyOfError(error: ServiceError): ErrorBody {
  return {
    number: error.number,
    message: error.message.slice(0, MESSAGE_MAX_LENGTH),
    retryAfterMs:
      error.retryAfterMs === undefined
        ? undefined
        : Math.min(RETRY_AFTER_MAX_MS, Math.max(0, Math.round(error.retryAfterMs))),
    details: detailsText(error.details),
  };
}

/**
 * The errors a peer sends. One that says the same as the last one is the same object: an error costs 20 us for its stack,
 * and a peer with too much to do refuses thousands in the same words.
 */
export class ReceivedErrors {
  #body: ErrorBody | undefined;
  #error: ServiceError | undefined;

  of(body: ErrorBody): ServiceError {
    if (this.#error !== undefined && this.#body !== undefined && isSame(this.#body, body)) return this.#error;
    this.#body = body;
    this.#error = errorOfBody(body);
    return this.#error;
  }
}

function isSame(one: ErrorBody, other: ErrorBody): boolean {
  return (
    one.number === other.number &&
    one.message === other.message &&
    one.retryAfterMs === other.retryAfterMs &&
    one.details === other.details
  );
}

function errorOfBody(body: ErrorBody): ServiceError {
  const details = parsedDetails(body.details);
  return new ServiceError(errorCodeOf(body.number), body.message, {
    ...(body.retryAfterMs === undefined ? {} : { retryAfterMs: body.retryAfterMs }),
    ...(details === undefined ? {} : { details }),
  });
}

function detailsText(details: ErrorDetails | undefined): string | undefined {
  if (details === undefined) return undefined;
  try {
    const text = JSON.stringify(details);
    return text !== undefined && text.length <= DETAILS_MAX_LENGTH ? text : undefined;
  } catch {
    // Cycles and BigInt: details are for the reader's convenience, the code is what counts.
    return undefined;
  }
}

function parsedDetails(text: string | undefined): ErrorDetails | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ErrorDetails) : undefined;
  } catch {
    return undefined;
  }
}
