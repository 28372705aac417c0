import type { SendRequest, SendResponse, ViewerFrame } from "@tidewire/protocol-host";
import { SAMPLE_BYTES, sampleMessages } from "../codec/sample-messages.ts";

/**
 * One operation: a request of 200 B up, its answer of 365 B and a delta of 365 B to another stream down, as the binary
 * codec counts them. The number of the operation stands where a real message has its sequence number, so that no side
 * parses text to find it.
 */
const sample = sampleMessages("ascii");

export const OPERATION_BYTES = SAMPLE_BYTES;
/** Bodies of the three messages together. */
export const PAYLOAD_BYTES = SAMPLE_BYTES.sendRequest + SAMPLE_BYTES.sendResponse + SAMPLE_BYTES.viewerFrame;

const { space, key, principal, message, arg, marker } = sample.sendRequest;
const { value } = sample.sendResponse;
const { data } = sample.viewerFrame;

export function requestOf(operation: number): SendRequest {
  return { space, key, principal, message, arg, marker, tableVersion: operation };
}

export function responseOf(operation: number): SendResponse {
  return { seq: operation, value };
}

export function deltaOf(operation: number): ViewerFrame {
  return { kind: "delta", seq: operation, hash: undefined, data };
}

/** The first frame of a stream. */
export function snapshotOf(): ViewerFrame {
  return { kind: "snapshot", seq: 0, hash: undefined, data };
}

/** Some other stream, spread evenly (Knuth's multiplicative hash). */
export function receiverOf(operation: number, streams: number): number {
  return (Math.imul(operation, 2_654_435_761) >>> 0) % streams;
}
