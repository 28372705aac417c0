import { crc32 } from "node:zlib";
import { headers as createHeaders } from "@nats-io/nats-core";
import type { NatsLink } from "./nats-link.ts";
import type { Publisher } from "./publisher.ts";
import { chunkedBody, DamagedRecord, type StoredPayload } from "./record.ts";
import type { SubjectReader } from "./subject-reader.ts";

export interface PayloadModules {
  readonly link: NatsLink;
  readonly publisher: Publisher;
  readonly reader: SubjectReader;
}

/** Chunks of one payload that are written or read at one time. */
const CHUNKS_AT_A_TIME = 4;

/** A payload and the body of the message that stands for it. */
export interface PreparedPayload {
  readonly payload: StoredPayload;
  readonly body: Uint8Array;
}

/**
 * Payloads that do not fit into one message are cut into chunks, which are stored first, in the same stream: whoever sees
 * the record can read its chunks.
 */
export class Payloads {
  readonly #modules: PayloadModules;
  readonly #inlineMaxBytes: number;

  constructor(modules: PayloadModules, inlineMaxBytes: number) {
    this.#modules = modules;
    this.#inlineMaxBytes = inlineMaxBytes;
  }

  /** Stores the chunks of a large payload. @param subjectOf subject of each chunk. */
  async prepare(data: Uint8Array, subjectOf: (index: number) => string): Promise<PreparedPayload> {
    const { link, publisher } = this.#modules;
    const chunkBytes = link.chunkBytes;
    const crc = crc32(data);
    if (data.length <= Math.min(this.#inlineMaxBytes, chunkBytes)) {
      return { payload: { chunks: [], size: data.length, crc }, body: data };
    }
    const count = Math.ceil(data.length / chunkBytes);
    const chunks = await inWaves(count, async (index) => {
      const part = data.subarray(index * chunkBytes, (index + 1) * chunkBytes);
      const published = await publisher.publish(subjectOf(index), part, createHeaders());
      return published.kind === "stored" ? published.streamSeq : 0;
    });
    const payload = { chunks, size: data.length, crc };
    return { payload, body: chunkedBody(payload) };
  }

  checksum(data: Uint8Array): number {
    return crc32(data);
  }

  /** The bytes of a record. Throws `DamagedRecord` if a chunk is missing or wrong. */
  async read(
    stream: string,
    stored: { readonly payload: StoredPayload; readonly body: Uint8Array },
  ): Promise<Uint8Array> {
    const { chunks, size, crc } = stored.payload;
    if (chunks.length === 0) return stored.body;
    const parts = await inWaves(chunks.length, async (index) => {
      const message = await this.#modules.reader.at(stream, chunks[index] as number);
      if (message === undefined) throw new DamagedRecord(`chunk ${chunks[index]} of ${stream} is missing`);
      return message.data;
    });
    const data = Buffer.concat(parts);
    if (data.length !== size || crc32(data) !== crc)
      throw new DamagedRecord(`chunks in ${stream} are not what was written`);
    return data;
  }
}

async function inWaves<Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < count; start += CHUNKS_AT_A_TIME) {
    const wave = Array.from({ length: Math.min(CHUNKS_AT_A_TIME, count - start) }, (_, index) => work(start + index));
    results.push(...(await Promise.all(wave)));
  }
  return results;
}
