import { type DocumentName, documentName, ServiceError } from "@tidewire/foundation";
import type { LogAppend, LogSnapshotWrite } from "./log-engine.ts";
import type { LogLimits } from "./log-limits.ts";

const OWNER_MAX_LENGTH = 64;

/** The error of a write that lost: the newest epoch and the head of the log travel as details. */
export function fencedError(epoch: number, seq: number): ServiceError {
  return new ServiceError("fenced", "the document has a newer epoch or head", { details: { epoch, seq } });
}

/** Throws `invalid_argument` unless space and key are well formed. */
export function checkDocument(document: DocumentName): void {
  documentName(document.space, document.key);
}

export function checkOwner(owner: string): void {
  if (typeof owner !== "string" || owner.length === 0 || owner.length > OWNER_MAX_LENGTH) {
    throw invalid("owner", `owner must be 1 to ${OWNER_MAX_LENGTH} characters`);
  }
}

/** Throws `invalid_argument` for numbers that make no sense and `limit_exceeded` for what is too large. */
export function checkAppend(append: LogAppend, limits: LogLimits): void {
  checkCount("epoch", append.epoch);
  checkCount("expectedSeq", append.expectedSeq);
  checkCount("seq", append.seq);
  if (append.seq <= append.expectedSeq) throw invalid("seq", "seq must be greater than expectedSeq");
  if (append.wakeAt !== undefined) checkCount("wakeAt", append.wakeAt);
  checkData(append.data, limits.recordMaxBytes, "record");
  if (append.seq - append.expectedSeq > limits.seqStepMax) {
    throw tooLarge("step of seq", append.seq - append.expectedSeq, limits.seqStepMax);
  }
}

export function checkSnapshot(snapshot: LogSnapshotWrite, limits: LogLimits): void {
  checkCount("epoch", snapshot.epoch);
  checkCount("seq", snapshot.seq);
  checkData(snapshot.data, limits.snapshotMaxBytes, "snapshot");
}

/** A non-negative integer that a JavaScript number holds exactly. */
export function checkCount(parameter: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(parameter, `${parameter} must be an integer from 0`);
}

export function checkPage(limit: number, limits: LogLimits): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalid("limit", "limit must be an integer from 1");
  if (limit > limits.pageMax) throw tooLarge("page", limit, limits.pageMax);
}

export function invalid(parameter: string, message: string): ServiceError {
  return new ServiceError("invalid_argument", message, { details: { parameter } });
}

function checkData(data: Uint8Array, maxBytes: number, what: string): void {
  if (!(data instanceof Uint8Array)) throw invalid("data", "data must be bytes");
  if (data.length > maxBytes) throw tooLarge(`${what} of bytes`, data.length, maxBytes);
}

function tooLarge(what: string, actual: number, limit: number): ServiceError {
  return new ServiceError("limit_exceeded", `${what} is ${actual}, at most ${limit}`, { details: { limit, actual } });
}
