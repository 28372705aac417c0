/** One object of a listing. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** Wall clock of the server, ms. */
  readonly modifiedAt: number;
}

export interface Listing {
  readonly objects: readonly ListedObject[];
  /** With a delimiter: what keys begin with, up to it. */
  readonly prefixes: readonly string[];
  readonly continuation: string | undefined;
}

const ERROR_CODE_MAX_LENGTH = 64;

/** Reads the answer of ListObjectsV2. Keys here are plain ASCII, so this much XML is enough. Throws for anything else. */
export function parseListing(xml: string): Listing {
  if (!/<ListBucketResult[\s>]/.test(xml)) throw new Error("the answer is no listing");
  // Retention takes what is not listed for not there.
  if (!/<\/ListBucketResult>\s*$/.test(xml.slice(-64))) throw new Error("the listing has no end");
  const objects = blocks(xml, "Contents").map((block) => ({
    key: required(block, "Key"),
    sizeBytes: number("Size", Number(required(block, "Size"))),
    modifiedAt: number("LastModified", Date.parse(required(block, "LastModified"))),
  }));
  const prefixes = blocks(xml, "CommonPrefixes").map((block) => required(block, "Prefix"));
  const isTruncated = textOf(xml, "IsTruncated") === "true";
  const continuation = isTruncated ? required(xml, "NextContinuationToken") : undefined;
  return { objects, prefixes, continuation };
}

/** Empty if the answer has none. No longer than codes are: it stands in messages and logs. */
export function errorCodeOf(xml: string): string {
  return (textOf(xml, "Code") ?? "").slice(0, ERROR_CODE_MAX_LENGTH);
}

/** Whether an answer reads like the description of an error, whatever its status says. */
export function isErrorBody(body: Buffer): boolean {
  return /^\s*(<\?xml[^>]*>\s*)?<Error[\s>]/.test(body.toString("latin1", 0, 512));
}

/** In one pass over the text: an answer of megabytes that opens what it never closes must not hold up the appends. */
function blocks(xml: string, name: string): string[] {
  const found: string[] = [];
  const [start, end] = [`<${name}>`, `</${name}>`];
  for (let at = xml.indexOf(start); at >= 0; at = xml.indexOf(start, at)) {
    const from = at + start.length;
    at = xml.indexOf(end, from);
    if (at < 0) throw new Error(`the listing has a ${name} without an end`);
    found.push(xml.slice(from, at));
  }
  return found;
}

function number(name: string, value: number): number {
  if (!Number.isFinite(value)) throw new Error(`the listing has a ${name} that is none`);
  return value;
}

function required(xml: string, name: string): string {
  const text = textOf(xml, name);
  if (text === undefined) throw new Error(`the listing has no ${name}`);
  return text;
}

function textOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(lt|gt|quot|apos|amp|#(\d+)|#x([0-9a-fA-F]+));/g, unescaped);
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescaped(_: string, name: string, decimal: string | undefined, hex: string | undefined): string {
  if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
  if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
  return entities[name] as string;
}
