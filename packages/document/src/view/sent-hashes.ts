/** Hashes of states that were sent are kept for this many frames, for clients that report a little late. */
const sentHashesMax = 16;

/** A state that was sent, and the one before: a list takes more room, and most viewers that have a class have one. */
export interface SentHash {
  readonly seq: number;
  readonly hash: string;
  older: SentHash | undefined;
}

/** Returns the newest. */
export function withSentHash(newest: SentHash | undefined, seq: number, hash: string): SentHash {
  const sent: SentHash = { seq, hash, older: newest };
  let last: SentHash | undefined = sent;
  for (let count = 1; count < sentHashesMax && last !== undefined; count++) last = last.older;
  if (last !== undefined) last.older = undefined;
  return sent;
}

/** Newest first. */
export function listSentHashes(newest: SentHash | undefined): SentHash[] {
  const sent: SentHash[] = [];
  for (let each = newest; each !== undefined; each = each.older) sent.push(each);
  return sent;
}
