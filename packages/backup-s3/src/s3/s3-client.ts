import { createHash } from "node:crypto";
import { Backoff, type Clock, type Random } from "@tidewire/foundation";
import { AwsClient } from "aws4fetch";
import { errorCodeOf, isErrorBody, type ListedObject, type Listing, parseListing } from "./listing.ts";
import { S3Error } from "./s3-error.ts";
import { checkS3Settings, defaultS3Options, objectUrl, type S3Options, type S3Settings } from "./s3-settings.ts";

export interface S3Modules {
  readonly clock: Clock;
  readonly random: Random;
}

export interface PutOptions {
  /** Only if there is no object of that name. Servers that do not know the condition overwrite, or say 501. */
  readonly onlyIfAbsent?: boolean;
  /** Of the body, in hex, if it is known already. */
  readonly sha256?: string;
}

interface S3Request {
  readonly method: string;
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly sha256?: string;
}

/** SHA-256 of no bytes. */
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/**
 * An object may begin like the description of an error, because documents hold what their users write. If it is still the
 * same after so many attempts, it is believed, and its checksum decides.
 */
const BELIEVED_ATTEMPTS = 3;

/** As much of an answer as is looked at for a code. */
const ERROR_MAX_BYTES = 64 * 1024;

interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/**
 * The few requests a backup needs of S3. Each is signed with the checksum of its body, which the server verifies, has a
 * deadline, and is sent again, with growing jittered pauses, when the server is busy or no whole answer comes. All of
 * them may be repeated: keys are never written with two contents.
 */
export class S3Client {
  readonly #settings: S3Settings;
  readonly #options: S3Options;
  readonly #modules: S3Modules;
  readonly #signer: AwsClient;
  /** Of attempts and pauses under way. One controller for all would gather their listeners for as long as it lives. */
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;
  /** Requests that had to be sent again. */
  retries = 0;
  /** Wall clock of the server at its last answer, ms, to a second; `undefined` as long as it has not said. */
  serverAt: number | undefined;

  constructor(settings: S3Settings, modules: S3Modules, options: Partial<S3Options> = {}) {
    checkS3Settings(settings);
    this.#settings = settings;
    this.#modules = modules;
    this.#options = { ...defaultS3Options, ...options };
    const { credentials, region } = settings;
    this.#signer = new AwsClient({ ...credentials, region, service: "s3", retries: 0 });
  }

  /** Resolves when the object is stored. `exists`: it was there already, and the server honours the condition. */
  async put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<"stored" | "exists"> {
    const headers = options.onlyIfAbsent === true ? { "if-none-match": "*" } : {};
    const sha256 = options.sha256 ?? createHash("sha256").update(body).digest("hex");
    const { status } = await this.#send({ method: "PUT", key, body, sha256, headers }, [412]);
    return status === 412 ? "exists" : "stored";
  }

  /** `undefined` if there is none. */
  async get(key: string): Promise<Buffer | undefined> {
    const { status, body } = await this.#send({ method: "GET", key }, [404]);
    return status === 404 ? undefined : body;
  }

  /** Fine if there is none. */
  async remove(key: string): Promise<void> {
    await this.#send({ method: "DELETE", key }, [404]);
  }

  /** Every object whose key begins so, in key order, page by page. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for await (const page of this.#pages({ prefix })) yield* page.objects;
  }

  /** The parts of keys between this prefix and the next slash. */
  async folders(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of this.#pages({ prefix, delimiter: "/" })) {
      names.push(...page.prefixes.map((found) => found.slice(prefix.length, -1)));
    }
    return names;
  }

  /** Ends what is under way and refuses what comes. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#underWay) controller.abort();
  }

  async *#pages(query: Readonly<Record<string, string>>): AsyncGenerator<Listing> {
    for (let continuation: string | undefined; ; ) {
      const more = continuation === undefined ? {} : { "continuation-token": continuation };
      const request = { method: "GET", key: "", query: { "list-type": "2", ...query, ...more } };
      const { body } = await this.#send(request, []);
      const page = this.#page(request, body, continuation);
      yield page;
      continuation = page.continuation;
      if (continuation === undefined) return;
    }
  }

  #page(request: S3Request, body: Buffer, continuation: string | undefined): Listing {
    try {
      const page = parseListing(body.toString("utf8"));
      // Some gateways do not know the token, and begin anew each time.
      if (page.continuation !== undefined && page.continuation === continuation) {
        throw new Error("the listing does not go on");
      }
      return page;
    } catch (error) {
      throw new S3Error(nameOf(request), 0, "bad_listing", error);
    }
  }

  /** Statuses below 300 and those expected are answers; everything else is thrown, after the attempts it is worth. */
  async #send(request: S3Request, expected: readonly number[]): Promise<S3Answer> {
    const { attemptsMax, backoff } = this.#options;
    const believedAt = Math.min(BELIEVED_ATTEMPTS, attemptsMax);
    const pauses = new Backoff(this.#modules.random, { ...backoff, factor: 2, spread: 0.5 });
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#attempt(request);
        if (expected.includes(answer.status) || isDone(request, answer, attempt >= believedAt)) return answer;
        const code = errorCodeOf(answer.body.toString("utf8", 0, ERROR_MAX_BYTES));
        throw new S3Error(nameOf(request), answer.status, code, redirectOf(answer));
      } catch (error) {
        if (this.#isClosed) throw new S3Error(nameOf(request), 0, "closed");
        if (!(error instanceof S3Error) || !error.isRetryable || attempt >= attemptsMax) throw error;
      }
      this.retries++;
      await this.#pause(pauses.nextDelayMs());
    }
  }

  async #attempt(request: S3Request): Promise<S3Answer> {
    if (this.#isClosed) throw new S3Error(nameOf(request), 0, "closed");
    const url = objectUrl(this.#settings, request.key);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const { method, body } = request;
    const headers = { ...request.headers, "x-amz-content-sha256": request.sha256 ?? EMPTY_SHA256 };
    // Signed anew each time: a signature is good for minutes, and attempts may be far apart.
    const signed = await this.#signer.sign(url.toString(), { method, headers });
    return this.#withAbort(async (controller) => {
      let isLate = false;
      const deadline = this.#modules.clock.after(this.#options.requestTimeoutMs, () => {
        isLate = true;
        controller.abort();
      });
      try {
        // Never followed: a signature is for one host, and a body would go to another.
        const init = { method, headers: signed.headers, signal: controller.signal, redirect: "manual" as const };
        const response = await fetch(signed.url, body === undefined ? init : { ...init, body });
        const serverAt = Date.parse(response.headers.get("date") ?? "");
        if (!Number.isNaN(serverAt)) this.serverAt = serverAt;
        return { status: response.status, headers: response.headers, body: await this.#bodyOf(response) };
      } catch (error) {
        throw new S3Error(nameOf(request), 0, isLate ? "timeout" : "network", error);
      } finally {
        deadline.cancel();
      }
    });
  }

  async #bodyOf(response: Response): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    if (response.body !== null) {
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
        bytes += piece.length;
        if (bytes > this.#options.answerMaxBytes) throw new Error(`an answer of more than ${bytes} bytes`);
        pieces.push(piece);
      }
    }
    return Buffer.concat(pieces);
  }

  async #pause(delayMs: number): Promise<void> {
    await this.#withAbort(
      (controller) =>
        new Promise<void>((resolve) => {
          const timer = this.#modules.clock.after(delayMs, resolve);
          controller.signal.addEventListener("abort", () => {
            timer.cancel();
            resolve();
          });
        }),
    );
  }

  async #withAbort<Result>(use: (controller: AbortController) => Promise<Result>): Promise<Result> {
    const controller = new AbortController();
    if (this.#isClosed) controller.abort();
    this.#underWay.add(controller);
    try {
      return await use(controller);
    } finally {
      this.#underWay.delete(controller);
    }
  }
}

/** A server that says 200 before it has done its work says in the body that it could not. */
function isDone({ method, key }: S3Request, { status, body }: S3Answer, isBelieved: boolean): boolean {
  if (status >= 300) return false;
  const isObject = method === "GET" && key !== "";
  return !isErrorBody(body) || (isObject && isBelieved);
}

/** Where an answer points, if it is a redirect: the operator has to correct the settings. */
function redirectOf({ status, headers }: S3Answer): Error | undefined {
  if (status < 300 || status >= 400) return undefined;
  return new Error(`a redirect to ${hostOf(headers.get("location"))}: correct s3.endpoint, s3.region or s3.bucket`);
}

/** The host alone: a query may carry what is secret. */
function hostOf(location: string | null): string {
  return location !== null && URL.canParse(location) ? new URL(location).host : "an unnamed place";
}

function nameOf({ method, key, query }: S3Request): string {
  return key === "" ? `LIST ${query?.prefix ?? ""}` : `${method} ${key}`;
}
