import type { Random } from "@tidewire/foundation";

const SECTOR_BYTES = 512;

type FileChange =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly length: number };

/** A file in a cache over a disk: what is seen, what is durable, and the changes between the two. */
export class SimulatedFile {
  #seen: Buffer = Buffer.alloc(0);
  #durable: Buffer = Buffer.alloc(0);
  #changes: FileChange[] = [];

  get size(): number {
    return this.#seen.length;
  }

  /** Changes that a sync begun now would cover. */
  get unsynced(): number {
    return this.#changes.length;
  }

  contents(): Buffer {
    return Buffer.from(this.#seen);
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.#seen.subarray(position, position + length);
    buffer.set(bytes, offset);
    return bytes.length;
  }

  write(bytes: Buffer, position: number): void {
    if (bytes.length > 0) this.#apply({ kind: "write", position, bytes: Buffer.from(bytes) });
  }

  truncate(length: number): void {
    this.#apply({ kind: "truncate", length });
  }

  makeDurable(changes: number): void {
    for (const change of this.#changes.splice(0, changes)) this.#durable = applied(this.#durable, change);
  }

  /** A sync failed: the cache shows these changes on, and no later sync writes them. */
  forgetUnsynced(changes: number): void {
    this.#changes.splice(0, changes);
  }

  /** Any sector of any unsynced write may have got there or not; the size may be of any moment since the last sync. */
  losePower(random: Random, leftovers: readonly Buffer[]): void {
    const sizes = [this.#durable.length];
    const survivors: { readonly position: number; readonly bytes: Buffer }[] = [];
    const odds = random.below(4) / 3;
    for (const change of this.#changes) {
      if (change.kind === "truncate") {
        sizes.push(change.length);
        continue;
      }
      sizes.push(Math.max(sizes.at(-1)!, change.position + change.bytes.length));
      for (const sector of sectors(change)) if (random.next() < odds) survivors.push(sector);
    }
    const size = sizes[random.below(sizes.length)]!;
    const shown = fill(size, this.#durable.length, random, leftovers);
    this.#durable.copy(shown);
    for (const { position, bytes } of survivors) if (position < size) bytes.copy(shown, position);
    this.#changes = [];
    this.#durable = shown;
    this.#seen = Buffer.from(shown);
  }

  /** Rot: changes what is on the disk, behind everybody's back. */
  corrupt(change: (contents: Buffer) => Buffer): void {
    this.#seen = change(Buffer.from(this.#seen));
    this.#durable = Buffer.from(this.#seen);
    this.#changes = [];
  }

  #apply(change: FileChange): void {
    this.#seen = applied(this.#seen, change);
    this.#changes.push(change);
  }
}

function applied(contents: Buffer, change: FileChange): Buffer {
  if (change.kind === "truncate") {
    const result = Buffer.alloc(change.length);
    contents.copy(result);
    return result;
  }
  const end = change.position + change.bytes.length;
  let target = contents;
  if (end > contents.length) {
    target = Buffer.alloc(end);
    contents.copy(target);
  }
  change.bytes.copy(target, change.position);
  return target;
}

function* sectors(change: Extract<FileChange, { kind: "write" }>): Generator<{ position: number; bytes: Buffer }> {
  const end = change.position + change.bytes.length;
  for (let start = change.position; start < end; ) {
    const next = Math.min(end, (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    const bytes = change.bytes.subarray(start - change.position, next - change.position);
    yield { position: start, bytes };
    start = next;
  }
}

/** What stands in blocks that a file was given and that nothing was written to: zeros, or what was there before. */
function fill(size: number, from: number, random: Random, leftovers: readonly Buffer[]): Buffer {
  const bytes = Buffer.alloc(size);
  const leftover =
    leftovers.length === 0 || random.next() < 0.2 ? undefined : leftovers[random.below(leftovers.length)];
  if (leftover !== undefined && leftover.length > from)
    leftover.copy(bytes, from, from, Math.min(size, leftover.length));
  return bytes;
}
