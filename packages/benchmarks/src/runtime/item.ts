import { SeededRandom } from "@tidewire/foundation";

/** The record of all cases: three texts, four whole numbers, one flag. */
export interface Item {
  name: string;
  /** In cases with policies the owner's name. Never changed. */
  city: string;
  note: string;
  a: number;
  b: number;
  c: number;
  d: number;
  isOn: boolean;
}

/** Each message changes one field in each of this many records. */
export const CHANGES = 5;

const TEXTS = Array.from({ length: 1_024 }, (_, index) => `a name of ${index}`);
const CITIES = Array.from({ length: 64 }, (_, index) => `city ${index}`);

export function newItem(index: number): Item {
  return {
    name: `item ${index}`,
    city: CITIES[index % CITIES.length]!,
    note: "some words",
    a: index,
    b: 2,
    c: 3,
    d: 4,
    isOn: true,
  };
}

export function itemKey(index: number): string {
  return `k${index}`;
}

/** Change number `change` of message number `tick`: three whole numbers, a text and a flag, always to a new value. */
export function changeItem(item: Item, change: number, tick: number): void {
  switch (change) {
    case 0:
      item.a = tick;
      break;
    case 1:
      item.b = tick;
      break;
    case 2:
      item.c = tick;
      break;
    case 3:
      item.name = TEXTS[tick & (TEXTS.length - 1)]!;
      break;
    default:
      item.isOn = !item.isOn;
  }
}

/** More than any case has records, so that uniformly random changes reach most of them. */
const CHOICES = 2 ** 18;

/** Which records change: uniformly random among the first `hot`, the same ones for the same seed. */
export class Touches {
  tick = 0;
  readonly #keys: readonly string[];
  readonly #choices = new Uint32Array(CHOICES);
  #next = 0;

  constructor(hot: number, seed = 1) {
    const random = new SeededRandom(seed);
    this.#keys = Array.from({ length: hot }, (_, index) => itemKey(index));
    for (let at = 0; at < CHOICES; at++) this.#choices[at] = random.below(hot);
  }

  /** The key of the next record to change. */
  next(): string {
    this.#next = (this.#next + 1) & (CHOICES - 1);
    return this.#keys[this.#choices[this.#next]!]!;
  }
}
