import type { DocumentName } from "@tidewire/foundation";
import { sameBytes } from "../bytes.ts";
import type { KnownDocument, LogEngine, LogHead, LogRecord } from "../log-engine.ts";

/** Patches read at one time; over a link a message bounds their bytes. */
const PATCHES_AT_A_TIME = 1_000;

/** Whether two logs say the same of a document. Its seq and epoch stand for its content: both only ever go on. */
export function sameHead(a: LogHead, b: LogHead): boolean {
  return a.epoch === b.epoch && a.seq === b.seq && a.isDeleted === b.isDeleted && a.wakeAt === b.wakeAt;
}

/** Brings one document to where the source had it. Returns the bytes copied. */
export async function copyDocument(
  source: LogEngine,
  target: LogEngine,
  row: KnownDocument,
  stored: LogHead | undefined,
): Promise<number> {
  const { document, epoch, seq, isDeleted } = row;
  const nothing = { epoch, patches: [], isDeleted: false };
  if (isDeleted) return copyDeletion(source, target, row);
  if (seq === 0) {
    await target.install(document, { ...nothing, afterSeq: seq, replaces: true });
    return 0;
  }
  if (stored !== undefined && sameHead({ ...row, epoch: stored.epoch }, stored)) {
    await target.install(document, { ...nothing, afterSeq: seq, replaces: false });
    return 0;
  }
  const reached = stored === undefined || stored.isDeleted || stored.seq >= seq ? 0 : stored.seq;
  const copied = reached > 0 ? await copyAfter(source, target, row, reached) : undefined;
  return copied ?? copyWhole(source, target, row);
}

/** Copies what is left of a deleted document, in place of what is stored. */
export async function copyDeletion(source: LogEngine, target: LogEngine, row: KnownDocument): Promise<number> {
  const { document, epoch, seq } = row;
  const { deletion } = await source.read(document, { afterSeq: 0, limit: 1 });
  // If it is another one, the document was made and deleted again: the next round sees that.
  const kept = deletion?.seq === seq ? { deletion } : {};
  await target.install(document, { epoch, afterSeq: seq, replaces: true, patches: [], isDeleted: true, ...kept });
  return kept.deletion?.data.length ?? 0;
}

/** Whether the target has the record of a deletion, if the source still has one that says anything. */
export async function isDeletionCopied(source: LogEngine, target: LogEngine, document: DocumentName): Promise<boolean> {
  const from = { afterSeq: 0, limit: 1 };
  const [{ deletion }, copy] = await Promise.all([source.read(document, from), target.read(document, from)]);
  if (deletion === undefined || deletion.data.length === 0) return true;
  return copy.deletion?.seq === deletion.seq && sameBytes(copy.deletion.data, deletion.data);
}

/** Copies all there is of a document, in place of what is stored. */
export async function copyWhole(source: LogEngine, target: LogEngine, row: KnownDocument): Promise<number> {
  const { document, epoch, seq } = row;
  const first = await source.read(document, { afterSeq: 0, limit: PATCHES_AT_A_TIME });
  const { snapshot } = first;
  const patches = first.patches.filter((patch) => patch.seq <= seq);
  // It went on, or was deleted, since it was looked at: the next round sees it as it is then.
  if ((snapshot?.seq ?? 0) > seq || (snapshot === undefined && patches.length === 0)) return 0;
  const afterSeq = snapshot?.seq ?? 0;
  const whole = { epoch, afterSeq, replaces: true, patches, isDeleted: false };
  const reached = patches.at(-1)?.seq ?? afterSeq;
  await target.install(document, { ...whole, ...(snapshot === undefined ? {} : { snapshot }), ...timer(row, reached) });
  const bytes = bytesOf(snapshot === undefined ? patches : [snapshot, ...patches]);
  return bytes + ((await copyTail(source, target, row, reached)) ?? 0);
}

/**
 * Copies what follows what is stored; `undefined` if it does not follow: the document has been deleted and made anew
 * since, or a snapshot has replaced what lies between. Which is so is seen from the record that ends at `reached`.
 */
async function copyAfter(
  source: LogEngine,
  target: LogEngine,
  row: KnownDocument,
  reached: number,
): Promise<number | undefined> {
  let at = 0;
  for (;;) {
    const { snapshot, patches } = await source.read(row.document, { afterSeq: at, limit: PATCHES_AT_A_TIME });
    const ends = [...(snapshot === undefined ? [] : [snapshot]), ...patches].map((record) => record.seq);
    if (ends.includes(reached)) return copyTail(source, target, row, reached);
    at = ends.at(-1) ?? Number.POSITIVE_INFINITY;
    if (at > reached) return undefined;
  }
}

async function copyTail(
  source: LogEngine,
  target: LogEngine,
  row: KnownDocument,
  from: number,
): Promise<number | undefined> {
  const { document, epoch, seq } = row;
  let reached = from;
  let bytes = 0;
  while (reached < seq) {
    const read = await source.read(document, { afterSeq: reached, limit: PATCHES_AT_A_TIME });
    if (read.snapshot !== undefined) return reached === from ? undefined : bytes;
    const patches = read.patches.filter((patch) => patch.seq <= seq);
    if (patches.length === 0) return bytes;
    const part = { epoch, afterSeq: reached, replaces: false, patches, isDeleted: false };
    reached = patches.at(-1)!.seq;
    await target.install(document, { ...part, ...timer(row, reached) });
    bytes += bytesOf(patches);
  }
  return bytes;
}

/** The timer belongs to the newest record. */
function timer(row: KnownDocument, reached: number): { readonly wakeAt?: number } {
  return row.wakeAt !== undefined && reached === row.seq ? { wakeAt: row.wakeAt } : {};
}

function bytesOf(records: readonly LogRecord[]): number {
  return records.reduce((sum, record) => sum + record.data.length, 0);
}

export type Comparison = "same" | "different" | "based-otherwise";

/** Compares all records of a document in two logs, or those after a seq, byte for byte. */
export async function compareContents(
  source: LogEngine,
  target: LogEngine,
  document: DocumentName,
  afterSeq = 0,
): Promise<Comparison> {
  const left = recordsOf(source, document, afterSeq);
  const right = recordsOf(target, document, afterSeq);
  let isFirst = true;
  for (;;) {
    const [a, b] = [(await left.next()).value, (await right.next()).value];
    if (a === undefined && b === undefined) return "same";
    const isSnapshotAlike = a?.isSnapshot === b?.isSnapshot && a?.record.seq === b?.record.seq;
    // One side has taken a snapshot since: the same state in other records.
    if (isFirst && !isSnapshotAlike && (a?.isSnapshot === true || b?.isSnapshot === true)) return "based-otherwise";
    if (a === undefined || b === undefined || !isSnapshotAlike) return "different";
    if (!sameBytes(a.record.data, b.record.data)) return "different";
    isFirst = false;
  }
}

async function* recordsOf(
  log: LogEngine,
  document: DocumentName,
  fromSeq: number,
): AsyncGenerator<{ readonly record: LogRecord; readonly isSnapshot: boolean }, undefined> {
  let afterSeq = fromSeq;
  for (;;) {
    const { snapshot, patches } = await log.read(document, { afterSeq, limit: PATCHES_AT_A_TIME });
    if (snapshot !== undefined) yield { record: snapshot, isSnapshot: true };
    for (const record of patches) yield { record, isSnapshot: false };
    const reached = patches.at(-1)?.seq ?? snapshot?.seq;
    if (reached === undefined) return undefined;
    afterSeq = reached;
  }
}
