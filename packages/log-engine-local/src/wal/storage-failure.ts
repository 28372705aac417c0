import { ServiceError } from "@tidewire/foundation";
import { systemCode } from "../files/file-system.ts";

export type FailureReason = "disk_full" | "read_only" | "io_error";

const reasonsByCode: Readonly<Record<string, FailureReason>> = {
  ENOSPC: "disk_full",
  EDQUOT: "disk_full",
  EFBIG: "disk_full",
  EROFS: "read_only",
  EACCES: "read_only",
  EPERM: "read_only",
};

const sentences: Readonly<Record<FailureReason, string>> = {
  disk_full: "the log's disk is full; writes wait for space",
  read_only: "the log's disk cannot be written to",
  io_error: "the log's disk fails",
};

export function failureReason(error: unknown): FailureReason {
  return reasonsByCode[systemCode(error)] ?? "io_error";
}

/** What a caller sees of a failed disk: retryable, with the reason. */
export function storageUnavailable(reason: FailureReason, cause?: unknown): ServiceError {
  return new ServiceError("unavailable", sentences[reason], { details: { reason }, cause });
}
