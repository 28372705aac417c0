// Generated from everything.xml, digest 6814d17092d291a9. Do not edit; run codegen.

export type Colour = "grey" | "red" | "ultra-violet";

export type Class = "first" | "inUse";

export interface Nothing {
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Singles {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: bigint;
  readonly g: bigint;
  readonly h: number;
  readonly i: boolean;
  readonly j: string;
  readonly k: Uint8Array;
  readonly l: string;
  readonly m: Colour;
  readonly n: Point;
  readonly o: Shape;
  readonly p: Nothing;
}

export interface Optionals {
  readonly a?: number | undefined;
  readonly b?: number | undefined;
  readonly c?: number | undefined;
  readonly d?: number | undefined;
  readonly e?: number | undefined;
  readonly f?: bigint | undefined;
  readonly g?: bigint | undefined;
  readonly h?: number | undefined;
  readonly i?: boolean | undefined;
  readonly j?: string | undefined;
  readonly k?: Uint8Array | undefined;
  readonly l?: string | undefined;
  readonly m?: Colour | undefined;
  readonly n?: Point | undefined;
  readonly o?: Shape | undefined;
  readonly p?: Nothing | undefined;
}

export interface Lists {
  readonly a: readonly number[];
  readonly e: readonly number[];
  readonly f: readonly bigint[];
  readonly i: readonly boolean[];
  readonly j: readonly string[];
  readonly k: readonly Uint8Array[];
  readonly m: readonly Colour[];
  readonly n: readonly Point[];
  readonly o: readonly Shape[];
  readonly p: readonly Nothing[];
}

export interface Maps {
  readonly a: ReadonlyMap<string, number>;
  readonly h: ReadonlyMap<string, number>;
  readonly j: ReadonlyMap<string, string>;
  readonly k: ReadonlyMap<string, Uint8Array>;
  readonly m: ReadonlyMap<string, Colour>;
  readonly n: ReadonlyMap<string, Point>;
  readonly o: ReadonlyMap<string, Shape>;
}

export interface Grown {
  readonly a: number;
  readonly b: string;
  readonly c?: string | undefined;
  readonly d: number;
  readonly e: Colour;
  readonly f: readonly Point[];
  readonly g: bigint;
  readonly h: string;
  readonly i: boolean;
  readonly j: ReadonlyMap<string, Point>;
  readonly k?: Point | undefined;
}

export interface Awkward {
  readonly message: string;
  readonly reader: string;
  readonly writer: string;
  readonly default: number;
  readonly delete: readonly number[];
  readonly at1: number;
  readonly end1: Point;
  readonly item: readonly number[];
  readonly mapKey: ReadonlyMap<string, number>;
  readonly index: readonly Point[];
  readonly malformed: boolean;
  readonly union: Shape;
  readonly class: Class;
  readonly classValue: string;
  readonly classOf: readonly Class[];
  readonly at1Value: number;
  readonly decodePoint?: Point | undefined;
  readonly encodePoint: ReadonlyMap<string, Point>;
  readonly then: number;
  readonly async: ReadonlyMap<string, Thing>;
  readonly rpc?: Class | undefined;
  readonly syntax: number;
  readonly decodeThing?: Thing | undefined;
  readonly colourOf: ReadonlyMap<string, Colour>;
  readonly package: string;
}

export type Shape =
  | { readonly kind: "nothing"; readonly value: Nothing }
  | { readonly kind: "point"; readonly value: Point }
  | { readonly kind: "unknown"; readonly value: undefined };

/** Holds a | b, <c> and * / d. */
export type Thing =
  | { readonly kind: "kind"; readonly value: Point }
  | { readonly kind: "value"; readonly value: Nothing };
