import type { DocumentName } from "@tidewire/foundation";
import type { LogAppend, LogEngine } from "@tidewire/log-engine";

export const game: DocumentName = { space: "board-game", key: "g1" };
export const other: DocumentName = { space: "board-game", key: "g2" };

/** An append of one step, whose data names the step. */
export function step(epoch: number, expectedSeq: number, more: Partial<LogAppend> = {}): LogAppend {
  return { epoch, expectedSeq, seq: expectedSeq + 1, data: Buffer.from(`patch ${expectedSeq + 1}`), ...more };
}

/** Opens the document and appends `count` steps, one after the other. */
export async function grow(
  engine: LogEngine,
  document: DocumentName,
  count: number,
): Promise<{ readonly epoch: number; readonly seq: number }> {
  const { epoch, seq } = await engine.open(document, "host-a");
  for (let done = 0; done < count; done++) await engine.append(document, step(epoch, seq + done));
  return { epoch, seq: seq + count };
}

/** Everything readable of a document, as text. */
export async function texts(engine: LogEngine, document: DocumentName): Promise<string[]> {
  const { snapshot, patches } = await engine.read(document, { afterSeq: 0, limit: 10_000 });
  const records = snapshot === undefined ? patches : [snapshot, ...patches];
  return records.map(({ data }) => Buffer.from(data).toString());
}

export function patchTexts(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => `patch ${from + index}`);
}
