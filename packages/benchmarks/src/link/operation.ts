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

const { data } = sample.viewerFrame;

/**
 * The messages of operations, one object of each kind that is written over: whatever sends one encodes it before it
 * returns, and what the generator allocates would be counted as the link's.
 */
export class OperationMessages {
  readonly #request: SendRequest & { tableVersion: number } = { ...sample.sendRequest };
  readonly #response: SendResponse & { seq: number } = { ...sample.sendResponse };
  readonly #delta: ViewerFrame & { seq: number } = { ...sample.viewerFrame };

  requestOf(operation: number): SendRequest {
    this.#request.tableVersion = operation;
    return this.#request;
  }

  responseOf(operation: number): SendResponse {
    this.#response.seq = operation;
    return this.#response;
  }

  deltaOf(operation: number): ViewerFrame {
    this.#delta.seq = operation;
    return this.#delta;
  }
}

/** The first frame of a stream. */
export function snapshotOf(): ViewerFrame {
  return { kind: "snapshot", seq: 0, hash: undefined, data };
}

/** Some other stream, spread evenly (Knuth's multiplicative hash). */
export function receiverOf(operation: number, streams: number): number {
  return (Math.imul(operation, 2_654_435_761) >>> 0) % streams;
}
