import { type ErrorCode, ServiceError, type ServiceErrorOptions } from "@tidewire/foundation";

/**
 * A call or stream failed because of the link itself, not because the peer answered so. Made on this side only: an error
 * that travelled is a plain `ServiceError`, whatever its code, so the two cannot be mistaken for each other.
 */
export class LinkError extends ServiceError {
  /** False if the peer cannot have seen the whole request: doing it again cannot do it twice. */
  readonly isSent: boolean;

  constructor(code: ErrorCode, message: string, isSent: boolean, options: ServiceErrorOptions = {}) {
    super(code, message, options);
    this.isSent = isSent;
  }
}
