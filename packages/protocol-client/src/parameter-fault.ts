import { ServiceError } from "@tidewire/foundation";

/** Why a parameter was refused; part of the API, as `details.reason`. */
export type ParameterReason = "missing" | "wrong_type" | "out_of_range" | "malformed" | "too_deep";

/** What generated readers throw: `invalid_argument` with `details {parameter, reason}`. */
export function parameterFault(
  parameter: string,
  value: unknown,
  text: string,
  reason: ParameterReason = value === undefined ? "missing" : "wrong_type",
): ServiceError {
  const message = reason === "missing" ? `${parameter} is missing` : `${parameter} ${text}`;
  return new ServiceError("invalid_argument", message, { details: { parameter, reason } });
}
