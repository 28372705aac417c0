import { ServiceError } from "@tidewire/foundation";

/** The errors a document answers with on its own account; each is made where it is needed, for its stack. */
export const refusals = {
  moving: () => new ServiceError("moving", "the document is moving to another host"),
  late: () => new ServiceError("timeout", "the document did not get to it in time; it was not done"),
  unknownOutcome: () =>
    new ServiceError("timeout", "the log did not confirm in time; the command may or may not have taken effect"),
  logAway: () => new ServiceError("unavailable", "the log cannot be reached; nothing was done"),
  quarantined: (remainingMs: number) =>
    new ServiceError("unavailable", "the document's code keeps failing; it is in quarantine", {
      retryAfterMs: Math.ceil(remainingMs),
      details: { reason: "quarantined" },
    }),
  ranAway: () => new ServiceError("handler_failed", "the document's code ran too long or failed"),
  deleted: () => new ServiceError("not_found", "the document was deleted"),
};
