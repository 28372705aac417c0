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

/** No request: a thread says with it, once, that it has started. */
export const STARTED_ID = 0;

export type IoAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string; readonly code: string } };
