/** A protocol as its definition says it: what every output is generated from. */
export interface Protocol {
  readonly name: string;
  /** Raised with every change of the definition that appends fields; agreed upon in the handshake. */
  readonly version: number;
  /** Folder of the package that carries the generated code. */
  readonly package: string;
  readonly documentation: string;
  readonly enums: readonly EnumType[];
  readonly messages: readonly MessageType[];
  readonly unions: readonly UnionType[];
  readonly services: readonly Service[];
  readonly file: string;
  readonly line: number;
}

export interface EnumType {
  readonly name: string;
  readonly documentation: string;
  readonly values: readonly EnumValue[];
  /** What an unknown number (of a newer sender) is read as; without it, it is a fault. */
  readonly fallback: string | undefined;
  readonly line: number;
}

export interface EnumValue {
  readonly name: string;
  readonly number: number;
  /** Version that brought the value; without a fallback, senders keep it from peers of older versions. */
  readonly since: number;
  readonly documentation: string;
  readonly line: number;
}

export interface MessageType {
  readonly name: string;
  readonly documentation: string;
  /** In the order of their ids, which is the order on the wire. */
  readonly fields: readonly Field[];
  readonly line: number;
}

export interface UnionType {
  readonly name: string;
  readonly documentation: string;
  readonly variants: readonly UnionVariant[];
  /** A variant this reader does not know: a fault, or the kind `unknown`. */
  readonly unknown: "fault" | "skip";
  readonly line: number;
}

export interface UnionVariant {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** Version that brought the variant; where unknown ones are a fault, senders keep it from peers of older versions. */
  readonly since: number;
  readonly documentation: string;
  readonly line: number;
}

export const scalarNames = [
  "u8",
  "u16",
  "u32",
  "i32",
  "u53",
  "u64",
  "i64",
  "f64",
  "bool",
  "string",
  "bytes",
  "json",
] as const;
export type ScalarName = (typeof scalarNames)[number];

export type FieldType =
  | { readonly kind: "scalar"; readonly name: ScalarName }
  | { readonly kind: "enum" | "message" | "union"; readonly name: string };

export interface Field {
  readonly id: number;
  readonly name: string;
  readonly type: FieldType;
  readonly container: "single" | "list" | "map";
  readonly isOptional: boolean;
  /** UTF-16 units of each string. */
  readonly maxLength: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxCount: number;
  readonly keyMaxLength: number;
  /** What a reader assumes when an older sender left the field out. TypeScript-free: the text of the attribute. */
  readonly defaultText: string | undefined;
  /** The protocol version that brought the field; senders of older versions end before it. */
  readonly since: number;
  /** The protocol version that widened its bounds last; senders keep to the ones before towards peers of older versions. */
  readonly boundsSince: number;
  readonly documentation: string;
  readonly line: number;
}

export interface Service {
  readonly name: string;
  /** 0 to 255; the high byte of its methods' ids on the link, so that one process can serve several services. */
  readonly id: number;
  readonly heartbeatMs: number;
  /** Roles that may call; empty for every peer that passed the handshake. */
  readonly callers: readonly string[];
  readonly methods: readonly Method[];
  readonly documentation: string;
  readonly line: number;
}

interface MethodBase {
  /** 1 to 255, within the service. */
  readonly id: number;
  readonly name: string;
  readonly deadlineMs: number;
  readonly documentation: string;
  readonly line: number;
}

export interface Unary extends MethodBase {
  readonly kind: "unary";
  readonly request: string;
  readonly response: string;
  readonly isIdempotent: boolean;
  readonly retry: "never" | "unsent" | "safe";
}

export interface Stream extends MethodBase {
  readonly kind: "stream";
  readonly open: string;
  readonly up: string;
  readonly down: string;
  readonly credit: number;
}

export type Method = Unary | Stream;

/** Bounds that hold where a definition names none: nothing on the wire is unbounded. */
export const defaultBounds = {
  stringMaxLength: 65_536,
  /** JSON text is bounded by the frame a client may send. */
  jsonMaxLength: 1_048_576,
  bytesMaxBytes: 16_777_216,
  maxCount: 65_536,
  keyMaxLength: 512,
} as const;
