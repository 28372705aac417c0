import type { HistoryQuery } from "../history/history-scan.ts";

/** What a thread is asked to do. Files go by their descriptors, which belong to the whole process. */
export type IoOperation =
  | {
      readonly kind: "write";
      readonly descriptor: number;
      /** On shared memory, or else copied on the way. */
      readonly bytes: Uint8Array;
      readonly position: number;
      readonly isSynced: boolean;
    }
  | { readonly kind: "sync"; readonly descriptor: number }
  | { readonly kind: "syncDirectory"; readonly path: string }
  | {
      readonly kind: "scanHistory";
      readonly directory: string;
      readonly storeId: string;
      readonly query: HistoryQuery;
    };

export interface IoRequest {
  readonly id: number;
  readonly operation: IoOperation;
}

/** Memory that writes left on the desk point into by this number from now on. */
export interface SharedMemory {
  readonly number: number;
  readonly memory: SharedArrayBuffer;
}

export type IoMessage = IoRequest | SharedMemory;

/** What a thread is begun with. */
export interface IoWorkerData {
  /** Memory of the desk at which it is asked; without one it is asked by messages alone. */
  readonly desk?: SharedArrayBuffer | undefined;
}

/** No request: a thread answers it, once, when it has started. */
export const STARTED_ID = 0;

/** A bare id: it is done, and there is nothing to say. The commonest answer, and an object takes 10 us more on its way. */
export type IoAnswer =
  | number
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string; readonly code: string } };
