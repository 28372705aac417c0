import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const doubleCredentials = { accessKeyId: "AKIDOUBLE", secretAccessKey: "the/secret+of+the+double" };

/** What happens to a request instead of, or beside, its being served. */
export type S3Fault =
  /** Answered with this status; nothing is done. */
  | { readonly kind: "status"; readonly status: number; readonly code: string }
  /** Never answered. */
  | { readonly kind: "stall" }
  /** The answer breaks off in the middle of its body. */
  | { readonly kind: "cut" }
  /** Done, but the connection is gone before the answer. */
  | { readonly kind: "lost-answer" }
  /** Not done, and answered 200 with the description of an error, as S3 does where it answers before it has done it. */
  | { readonly kind: "error-in-200"; readonly code: string }
  /** Not done: the client is sent elsewhere, as for a bucket of another region. */
  | { readonly kind: "redirect"; readonly location: string }
  /** The body of the answer comes a byte at a time, and never ends. */
  | { readonly kind: "drip" }
  /** A whole and proper answer, with half of the object. */
  | { readonly kind: "truncated" }
  /** Done; the answer's ETag is of something else, as it is of encrypted objects. */
  | { readonly kind: "other-etag" };

export interface S3DoubleRequest {
  readonly method: string;
  readonly key: string;
}

export interface StoredObject {
  readonly body: Buffer;
  readonly modifiedAt: number;
}

export interface S3DoubleOptions {
  /** `refuse`: 412, as S3 does. `ignore`: overwrites, as many others do. `unsupported`: 501. */
  readonly conditions: "refuse" | "ignore" | "unsupported";
  /** Keys of one page of a listing. */
  readonly pageMax: number;
}

/**
 * One bucket, any name, in memory. Written after the S3 API's documentation and checked with the AWS SDK, so that it is
 * not shaped by the client it tests.
 */
export class S3Double {
  readonly objects = new Map<string, StoredObject>();
  readonly requests: S3DoubleRequest[] = [];
  /** Asked for each request; what it returns happens. */
  fault: (request: S3DoubleRequest) => S3Fault | undefined = () => undefined;
  now: () => number = () => Date.now();
  readonly #options: S3DoubleOptions;
  readonly #server: Server;

  constructor(options: Partial<S3DoubleOptions> = {}) {
    this.#options = { conditions: "refuse", pageMax: 1_000, ...options };
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    response.setHeader("date", new Date(this.now()).toUTCString());
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const raw = Buffer.concat(pieces);
    const url = new URL(request.url ?? "/", "http://double");
    const key = decodeURIComponent(url.pathname.split("/").slice(2).join("/"));
    const asked = { method: request.method ?? "", key };
    this.requests.push(asked);
    const fault = this.fault(asked);
    if (fault?.kind === "stall") return;
    if (fault?.kind === "status") return refuse(response, fault.status, fault.code);
    if (fault?.kind === "error-in-200") return refuse(response, 200, fault.code);
    if (fault?.kind === "redirect") {
      response.setHeader("location", fault.location);
      return refuse(response, 307, "TemporaryRedirect");
    }
    const problem = signatureProblem(request, url, raw);
    if (problem !== undefined) return refuse(response, 403, problem);
    const body = bodyOf(request, raw);
    if (body === undefined) return refuse(response, 400, "IncompleteBody");
    if (fault?.kind === "lost-answer") {
      this.#act(request, response, url, key, body, () => response.destroy());
      return;
    }
    this.#act(request, response, url, key, body, (status, headers, whole) => {
      const half = whole.subarray(0, Math.floor(whole.length / 2));
      const answer = fault?.kind === "truncated" ? half : whole;
      const etag = fault?.kind === "other-etag" ? { etag: etagOf(Buffer.from("something else")) } : {};
      response.writeHead(status, { ...headers, ...etag, "content-length": answer.length });
      if (request.method === "HEAD") return response.end();
      if (fault?.kind === "cut") response.write(half, () => response.destroy());
      else if (fault?.kind === "drip") drip(response, answer);
      else response.end(answer);
    });
  }

  #act(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    key: string,
    body: Buffer,
    answer: (status: number, headers: Record<string, string>, body: Buffer) => void,
  ): void {
    if (key === "") return answer(200, { "content-type": "application/xml" }, this.#listing(url));
    if (request.method === "PUT") return this.#put(request, response, key, body, answer);
    if (request.method === "DELETE") {
      this.objects.delete(key);
      return answer(204, {}, Buffer.alloc(0));
    }
    const object = this.objects.get(key);
    if (object === undefined) return refuse(response, 404, "NoSuchKey");
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    const headers = { etag: etagOf(object.body), "last-modified": new Date(object.modifiedAt).toUTCString() };
    if (range === null) return answer(200, headers, object.body);
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]), object.body.length - 1)];
    if (from > to) return refuse(response, 416, "InvalidRange");
    answer(
      206,
      { ...headers, "content-range": `bytes ${from}-${to}/${object.body.length}` },
      object.body.subarray(from, to + 1),
    );
  }

  #put(
    request: IncomingMessage,
    response: ServerResponse,
    key: string,
    body: Buffer,
    answer: (status: number, headers: Record<string, string>, body: Buffer) => void,
  ): void {
    if (request.headers["if-none-match"] === "*") {
      if (this.#options.conditions === "unsupported") return refuse(response, 501, "NotImplemented");
      if (this.#options.conditions === "refuse" && this.objects.has(key))
        return refuse(response, 412, "PreconditionFailed");
    }
    this.objects.set(key, { body, modifiedAt: this.now() });
    answer(200, { etag: etagOf(body) }, Buffer.alloc(0));
  }

  #listing(url: URL): Buffer {
    const prefix = url.searchParams.get("prefix") ?? "";
    const delimiter = url.searchParams.get("delimiter") ?? "";
    const after = url.searchParams.get("continuation-token") ?? "";
    const rows = new Map<string, string>();
    for (const key of [...this.objects.keys()].sort()) {
      if (!key.startsWith(prefix)) continue;
      const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      const name = cut < 0 ? key : key.slice(0, cut + 1);
      if (name > after) rows.set(name, cut < 0 ? "key" : "prefix");
    }
    const page = [...rows].slice(0, this.#options.pageMax);
    const isTruncated = rows.size > page.length;
    const xml = page.map(([name, kind]) => {
      if (kind === "prefix") return `<CommonPrefixes><Prefix>${escaped(name)}</Prefix></CommonPrefixes>`;
      const { body, modifiedAt } = this.objects.get(name) as StoredObject;
      const modified = new Date(modifiedAt).toISOString();
      return `<Contents><Key>${escaped(name)}</Key><LastModified>${modified}</LastModified><Size>${body.length}</Size></Contents>`;
    });
    const next = isTruncated ? `<NextContinuationToken>${escaped(page.at(-1)![0])}</NextContinuationToken>` : "";
    return Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
        `<IsTruncated>${isTruncated}</IsTruncated>${next}${xml.join("")}</ListBucketResult>`,
    );
  }
}

const DRIP_MS = 20;

/** All but the last byte, in its own time. */
function drip(response: ServerResponse, answer: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at + 1 < answer.length) response.write(answer.subarray(at, ++at));
  }, DRIP_MS);
  response.once("close", () => clearInterval(timer));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
  );
  response.writeHead(status, { "content-type": "application/xml", "content-length": body.length });
  response.end(body);
}

/** AWS Signature Version 4, header form. Returns the code of the error, if there is one. */
function signatureProblem(request: IncomingMessage, url: URL, raw: Buffer): string | undefined {
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? "",
    );
  if (parsed === null) return "AccessDenied";
  const [, id, day, region, signedHeaders, signature] = parsed as unknown as string[];
  if (id !== doubleCredentials.accessKeyId) return "InvalidAccessKeyId";
  const payload = String(request.headers["x-amz-content-sha256"]);
  const isHash = /^[0-9a-f]{64}$/.test(payload);
  if (isHash && payload !== createHash("sha256").update(raw).digest("hex")) return "XAmzContentSHA256Mismatch";
  if (!isHash && !payload.startsWith("STREAMING-") && payload !== "UNSIGNED-PAYLOAD") return "InvalidArgument";
  const date = String(request.headers["x-amz-date"]);
  if (
    Math.abs(Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z")) - Date.now()) > 900_000
  ) {
    return "RequestTimeTooSkewed";
  }
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
  const names = (signedHeaders as string).split(";");
  if (!names.includes("host")) return "AccessDenied";
  const headers = names.map((name) => `${name}:${String(request.headers[name] ?? "").trim()}\n`).join("");
  const canonical = [request.method, url.pathname, query, headers, signedHeaders, payload].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const hmac = (key: string | Buffer, value: string): Buffer => createHmac("sha256", key).update(value).digest();
  const secret = `AWS4${doubleCredentials.secretAccessKey}`;
  const key = hmac(hmac(hmac(hmac(secret, day as string), region as string), "s3"), "aws4_request");
  const expected = hmac(key, text);
  return timingSafeEqual(expected, Buffer.from(signature as string, "hex")) ? undefined : "SignatureDoesNotMatch";
}

/** Undoes the `aws-chunked` encoding, which the SDK uses for checksums behind the body. `undefined`: incomplete. */
function bodyOf(request: IncomingMessage, raw: Buffer): Buffer | undefined {
  if (!String(request.headers["x-amz-content-sha256"]).startsWith("STREAMING-")) {
    return Number(request.headers["content-length"] ?? raw.length) === raw.length ? raw : undefined;
  }
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = raw.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const length = Number.parseInt(raw.toString("latin1", at, line), 16);
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(raw.subarray(line + 2, line + 2 + length));
    at = line + 2 + length + 2;
  }
}

function etagOf(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
