import { type DocumentName, documentName, ServiceError } from "@tidewire/foundation";
import type { LogAppend, LogInstall, LogMoment, LogSnapshotWrite } from "./log-engine.ts";
import type { LogLimits } from "./log-limits.ts";

const OWNER_MAX_LENGTH = 64;

/** The error of a write that lost: the newest epoch and the head of the log travel as details. */
export function fencedError(epoch: number, seq: number): ServiceError {
  return new ServiceError("fenced", "the document has a newer epoch or head", { details: { epoch, seq } });
}

/** The error of a state that was, and is not kept any more. */
export function historyError(): ServiceError {
  return new ServiceError("not_found", "the history of the document is not kept that far back", {
    details: { reason: "history" },
  });
}

/** The error of an open that takes no epoch of what does not exist; a deleted document still has a seq. */
export function missingError({ seq, isDeleted }: { readonly seq: number; readonly isDeleted: boolean }): ServiceError {
  return new ServiceError("not_found", "the document does not exist", { details: { seq, isDeleted } });
}

/** Throws `invalid_argument` unless space and key are well formed. */
export function checkDocument(document: DocumentName): void {
  documentName(document.space, document.key);
}

export function checkOwner(owner: string): void {
  if (typeof owner !== "string" || owner.length === 0 || owner.length > OWNER_MAX_LENGTH) {
    throw argumentError("owner", `owner must be 1 to ${OWNER_MAX_LENGTH} characters`);
  }
}

/** Throws `invalid_argument` for numbers that make no sense and `limit_exceeded` for what is too large. */
export function checkAppend(append: LogAppend, limits: LogLimits): void {
  checkCount("epoch", append.epoch);
  checkCount("expectedSeq", append.expectedSeq);
  checkCount("seq", append.seq);
  if (append.seq <= append.expectedSeq) throw argumentError("seq", "seq must be greater than expectedSeq");
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

export function checkAfterSpace(afterSpace: string | undefined): void {
  if (afterSpace !== undefined) documentName(afterSpace, "any");
}

export function checkMoment(moment: LogMoment): void {
  if ("seq" in moment) checkCount("seq", moment.seq);
  else checkCount("beforeMs", moment.beforeMs);
}

/** Throws `invalid_argument` for parts that contradict themselves and `limit_exceeded` for what is too large. */
export function checkInstall(part: LogInstall, limits: LogLimits): void {
  const { epoch, afterSeq, replaces, snapshot, patches, wakeAt, isDeleted, deletion } = part;
  checkCount("epoch", epoch);
  checkCount("afterSeq", afterSeq);
  if (wakeAt !== undefined) checkCount("wakeAt", wakeAt);
  if (snapshot !== undefined) {
    if (!replaces) throw argumentError("snapshot", "only a part that replaces what is stored may bring a snapshot");
    if (snapshot.seq !== afterSeq) throw argumentError("snapshot", "the snapshot must be at afterSeq");
    checkData(snapshot.data, limits.snapshotMaxBytes, "snapshot");
  }
  if (isDeleted && (!replaces || snapshot !== undefined || patches.length > 0 || wakeAt !== undefined)) {
    throw argumentError("isDeleted", "a deleted document replaces what is stored, and has nothing else");
  }
  if (deletion !== undefined) {
    if (!isDeleted) throw argumentError("deletion", "only a deleted document has the record of its deletion");
    if (deletion.seq !== afterSeq || afterSeq === 0)
      throw argumentError("deletion", "the deletion must be at afterSeq");
    checkData(deletion.data, limits.recordMaxBytes, "record");
  }
  if (patches.length > limits.pageMax) throw tooLarge("number of patches", patches.length, limits.pageMax);
  let reached = afterSeq;
  for (const patch of patches) {
    checkCount("seq", patch.seq);
    if (patch.seq <= reached) throw argumentError("patches", "patches must be in order");
    if (patch.seq - reached > limits.seqStepMax) throw tooLarge("step of seq", patch.seq - reached, limits.seqStepMax);
    checkData(patch.data, limits.recordMaxBytes, "record");
    reached = patch.seq;
  }
}

/** A non-negative integer that a JavaScript number holds exactly. */
export function checkCount(parameter: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw argumentError(parameter, `${parameter} must be an integer from 0`);
}

/** As many documents as one call may name, each well formed. */
export function checkDocuments(documents: readonly DocumentName[], limits: LogLimits): void {
  if (documents.length > limits.pageMax) throw tooLarge("number of documents", documents.length, limits.pageMax);
  for (const document of documents) checkDocument(document);
}

export function checkPage(limit: number, limits: LogLimits): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw argumentError("limit", "limit must be an integer from 1");
  if (limit > limits.pageMax) throw tooLarge("page", limit, limits.pageMax);
}

/** The error of a mistake of the caller. */
export function argumentError(parameter: string, message: string): ServiceError {
  return new ServiceError("invalid_argument", message, { details: { parameter } });
}

function checkData(data: Uint8Array, maxBytes: number, what: string): void {
  if (!(data instanceof Uint8Array)) throw argumentError("data", "data must be bytes");
  if (data.length > maxBytes) throw tooLarge(`${what} of bytes`, data.length, maxBytes);
}

function tooLarge(what: string, actual: number, limit: number): ServiceError {
  return new ServiceError("limit_exceeded", `${what} is ${actual}, at most ${limit}`, { details: { limit, actual } });
}
