import { digestOf } from "../model/digest.ts";
import type { Protocol } from "../model/protocol.ts";
import { toGoldenJson } from "./golden-json.ts";
import { ReferenceEncoder } from "./reference-encoder.ts";
import { SampleValues, sampleLabels } from "./sample-values.ts";

/** Bytes that every implementation of a protocol must read and write alike. */
export interface GoldenFile {
  readonly protocol: string;
  readonly version: number;
  readonly digest: string;
  readonly vectors: readonly GoldenVector[];
}

export interface GoldenVector {
  /** Message or union. */
  readonly type: string;
  readonly label: string;
  readonly value: unknown;
  /** Hexadecimal. */
  readonly bytes: string;
}

export function emitGoldenFile(protocol: Protocol): string {
  const encoder = new ReferenceEncoder(protocol);
  const samples = new SampleValues(protocol);
  const types = [...protocol.messages, ...protocol.unions].map((type) => type.name);
  const vectors = types.flatMap((type) =>
    sampleLabels.flatMap((label) =>
      samples.of(type, label).map(
        (value): GoldenVector => ({
          type,
          label,
          value: toGoldenJson(value),
          bytes: encoder.encode(type, value).toString("hex"),
        }),
      ),
    ),
  );
  const head = { protocol: protocol.name, version: protocol.version, digest: digestOf(protocol) };
  // One vector a line, so that a difference shows which message changed.
  const lines = vectors.map((vector) => `    ${JSON.stringify(vector)}`).join(",\n");
  return `${JSON.stringify(head, null, 2).replace(/\n}$/, "")},\n  "vectors": [\n${lines}\n  ]\n}\n`;
}
