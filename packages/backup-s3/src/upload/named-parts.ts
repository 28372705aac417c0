import { othersTurn } from "../others-turn.ts";

interface Span {
  readonly epoch: string;
  first: number;
  last: number;
}

/** By epoch, the numbers of its manifests that count, in ascending order. */
export type ManifestNumbers = ReadonlyMap<string, readonly number[]>;

/** Looked at in one go: this runs on the thread that serves appends. */
const IN_ONE_GO = 4_096;

/**
 * Which parts manifests name. Of each part, and each epoch, only the first and the last manifest that names it are kept:
 * once a part has left the manifests of an epoch it does not come back, so between the two all of them name it. If one
 * did not, the part would be kept longer than needed, never shorter. What is in memory grows with the parts there are, and not
 * with the hundreds of manifests that name most of them again.
 */
export class NamedParts {
  readonly #spans = new Map<string, Span[]>();

  add(manifest: { readonly epoch: string; readonly number: number }, keys: readonly string[]): void {
    const { epoch, number } = manifest;
    for (const key of keys) {
      const spans = this.#spans.get(key);
      const span = spans?.find((each) => each.epoch === epoch);
      if (spans === undefined) this.#spans.set(key, [{ epoch, first: number, last: number }]);
      else if (span === undefined) spans.push({ epoch, first: number, last: number });
      else {
        span.first = Math.min(span.first, number);
        span.last = Math.max(span.last, number);
      }
    }
  }

  has(key: string, kept: ManifestNumbers): boolean {
    return this.#spans.get(key)?.some((span) => isWithin(span, kept)) === true;
  }

  /** Lets go of what none of these manifests names. */
  async retain(kept: ManifestNumbers): Promise<void> {
    let looked = 0;
    for (const [key, spans] of this.#spans) {
      const living = spans.filter((span) => isWithin(span, kept));
      if (living.length === 0) this.#spans.delete(key);
      else if (living.length < spans.length) this.#spans.set(key, living);
      if (++looked % IN_ONE_GO === 0) await othersTurn();
    }
  }
}

/** Whether one of the manifests lies in the span: the first that is not before it decides. */
function isWithin({ epoch, first, last }: Span, kept: ManifestNumbers): boolean {
  const numbers = kept.get(epoch) ?? [];
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < first) low = middle + 1;
    else high = middle;
  }
  return low < numbers.length && (numbers[low] as number) <= last;
}
