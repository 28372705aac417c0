import { expect } from "@jest/globals";
import { type DocumentName, ServiceError } from "@tidewire/foundation";
import type { LogAppend, LogEngine } from "../log-engine.ts";
import type { LogLimits } from "../log-limits.ts";

/** One engine for one test. */
export interface LogEngineUnderTest {
  readonly engine: LogEngine;
  readonly limits: LogLimits;
  /** Closes the engine and opens one over the same storage; absent for engines that keep nothing. */
  reopen?(): Promise<LogEngine>;
  stop(): Promise<void>;
}

export type StartLogEngine = (limits?: Partial<LogLimits>) => Promise<LogEngineUnderTest>;

/** Runs `body` against a fresh engine, and stops the engine however it ends. */
export function withEngine(
  start: StartLogEngine,
  body: (engine: LogEngine, underTest: LogEngineUnderTest) => Promise<void>,
  limits?: Partial<LogLimits>,
): () => Promise<void> {
  return async () => {
    const underTest = await start(limits);
    try {
      await body(underTest.engine, underTest);
    } finally {
      await underTest.stop();
    }
  };
}

export const game: DocumentName = { space: "board-game", key: "g1" };

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** An append of one step, whose data names the step. */
export function step(epoch: number, expectedSeq: number, more: Partial<LogAppend> = {}): LogAppend {
  return { epoch, expectedSeq, seq: expectedSeq + 1, data: bytes(`patch ${expectedSeq + 1}`), ...more };
}

/** Opens the document and appends `count` steps. Returns the epoch and the new head. */
export async function grow(
  engine: LogEngine,
  document: DocumentName,
  count: number,
  owner = "host-a",
): Promise<{ readonly epoch: number; readonly seq: number }> {
  const { epoch, seq } = await engine.open(document, owner);
  for (let done = 0; done < count; done++) await engine.append(document, step(epoch, seq + done));
  return { epoch, seq: seq + count };
}

/** The error the promise is rejected with; fails if it resolves or the error is not ours. */
export async function errorOf(promise: Promise<unknown>): Promise<ServiceError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ServiceError);
  return outcome as ServiceError;
}

export async function expectFenced(
  promise: Promise<unknown>,
  newest: { readonly epoch: number; readonly seq: number },
): Promise<void> {
  const error = await errorOf(promise);
  expect({ code: error.code, details: error.details }).toEqual({ code: "fenced", details: newest });
}
