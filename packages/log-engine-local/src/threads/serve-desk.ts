import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { IoDesk, LeftWrite } from "./io-desk.ts";
import { type IoMessage, STARTED_ID } from "./io-request.ts";
import { performOperation, type SyncOperation } from "./perform-operation.ts";
import { answerTo } from "./serve-io.ts";

/** As `serveIo`, for a thread that is asked at a desk, and to write and sync only. Never returns. */
export function serveDesk(port: MessagePort, desk: IoDesk, perform = performOperation): never {
  const memories: SharedArrayBuffer[] = [];
  const writeOf = ({ descriptor, memory, offset, length, position, isSynced }: LeftWrite): SyncOperation => {
    const bytes = new Uint8Array(memories[memory] as SharedArrayBuffer, offset, length);
    return { kind: "write", descriptor, bytes, position, isSynced };
  };
  port.postMessage(STARTED_ID);
  for (;;) {
    const { rings } = desk;
    const left = desk.take();
    // After the desk: the memory that a write points into was sent before the write was left.
    for (let sent = receiveMessageOnPort(port); sent !== undefined; sent = receiveMessageOnPort(port)) {
      const message = sent.message as IoMessage;
      if ("memory" in message) memories[message.number] = message.memory;
      else port.postMessage(answerTo(message.id, () => perform(message.operation as SyncOperation)));
    }
    if (left !== undefined) port.postMessage(answerTo(left.id, () => perform(writeOf(left))));
    else desk.sleep(rings);
  }
}
