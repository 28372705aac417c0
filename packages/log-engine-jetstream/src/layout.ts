import { crc32 } from "node:zlib";
import { type DocumentName, documentName, documentPath } from "@tidewire/foundation";

/** Names of streams and subjects; FORMAT.md has the table. */
export class Layout {
  readonly #namespace: string;
  readonly partitions: number;

  constructor(namespace: string, partitions: number) {
    this.#namespace = namespace;
    this.partitions = partitions;
  }

  get metaStream(): string {
    return `${this.#namespace}_META`;
  }

  get layoutSubject(): string {
    return `${this.#namespace}.meta.layout`;
  }

  get sealSubject(): string {
    return `${this.#namespace}.meta.seal`;
  }

  /** Where all processes are told of a seal, and answer. In no stream. */
  get sealCallSubject(): string {
    return `${this.#namespace}.sealcall`;
  }

  get metaSubjects(): string {
    return `${this.#namespace}.meta.>`;
  }

  get dueStream(): string {
    return `${this.#namespace}_DUE`;
  }

  get dueSubjects(): string {
    return `${this.#namespace}.due.>`;
  }

  documentStream(partition: number): string {
    return `${this.#namespace}_DOC_${twoDigits(partition)}`;
  }

  snapshotStream(partition: number): string {
    return `${this.#namespace}_SNAP_${twoDigits(partition)}`;
  }

  /** What the documents' stream of a partition takes: records, and the chunks of large ones. */
  documentStreamSubjects(partition: number): string[] {
    const pp = twoDigits(partition);
    return [`${this.#namespace}.doc.${pp}.>`, `${this.#namespace}.part.${pp}.>`];
  }

  snapshotStreamSubjects(partition: number): string[] {
    const pp = twoDigits(partition);
    return [`${this.#namespace}.snap.${pp}.>`, `${this.#namespace}.snappart.${pp}.>`];
  }

  /** Where everything about one document is. */
  places(document: DocumentName): DocumentPlaces {
    const partition = crc32(Buffer.from(documentPath(document))) % this.partitions;
    const tokens = `${token(document.space)}.${token(document.key)}`;
    const pp = twoDigits(partition);
    return {
      documentStream: this.documentStream(partition),
      snapshotStream: this.snapshotStream(partition),
      documentSubject: `${this.#namespace}.doc.${pp}.${tokens}`,
      partSubject: `${this.#namespace}.part.${pp}.${tokens}`,
      recordsAndParts: `${this.#namespace}.*.${pp}.${tokens}`,
      snapshotSubject: `${this.#namespace}.snap.${pp}.${tokens}`,
      snapshotPartSubject: `${this.#namespace}.snappart.${pp}.${tokens}`,
      dueSubject: `${this.#namespace}.due.${tokens}`,
    };
  }

  /** The filter of all documents of a partition, or of those of one space. */
  documentFilter(partition: number, space?: string): string {
    const start = `${this.#namespace}.doc.${twoDigits(partition)}`;
    return space === undefined ? `${start}.>` : `${start}.${token(space)}.*`;
  }

  /** The document of a subject that ends in the tokens of space and key. Throws if it is none of ours. */
  documentOf(subject: string): DocumentName {
    const [space, key] = subject.split(".").slice(-2);
    return documentName(untoken(space ?? ""), untoken(key ?? ""));
  }

  fenceSubject(owner: string): string {
    return `${this.#namespace}.fence.${token(owner)}`;
  }
}

export interface DocumentPlaces {
  readonly documentStream: string;
  readonly snapshotStream: string;
  readonly documentSubject: string;
  readonly partSubject: string;
  /** Matches both. */
  readonly recordsAndParts: string;
  readonly snapshotSubject: string;
  readonly snapshotPartSubject: string;
  readonly dueSubject: string;
}

/** Without the characters that mean something in a subject: `.`, `*`, `>` and blanks. */
export function token(text: string): string {
  return Buffer.from(text).toString("base64url");
}

export function untoken(text: string): string {
  return Buffer.from(text, "base64url").toString();
}

function twoDigits(partition: number): string {
  return String(partition).padStart(2, "0");
}
