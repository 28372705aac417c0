import { type ErrorBody, errorRegistry, ServiceError } from "@tidewire/foundation";

/**
 * An error as a client may see it. Codes that speak of our own placement become `moving` or `unavailable`, without
 * their details; faults of ours lose their text.
 */
export function clientError(thrown: unknown): ServiceError {
  const error = ServiceError.from(thrown);
  if (error.code === "internal") return new ServiceError("internal", "internal error", { cause: error });
  if (errorRegistry[error.code].audience === "client") return error;
  const retryAfterMs = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  return error.code === "not_owner"
    ? new ServiceError("moving", "the document is moving to another host", { ...retryAfterMs, cause: error })
    : new ServiceError("unavailable", "the document is not available now", { ...retryAfterMs, cause: error });
}

export function clientErrorBody(thrown: unknown): ErrorBody {
  return clientError(thrown).toBody();
}
