import { TidewireError } from "../tidewire-error.ts";
import { utf8Length } from "../utf8-length.ts";
import type {
  Transport,
  TransportClose,
  TransportConnection,
  TransportListener,
  TransportTarget,
} from "./transport.ts";

/** What one POST carries at most; the server takes as much as one frame may have. A larger frame goes alone. */
const BATCH_MAX_BYTES = 512 * 1_024;
/**
 * POSTs travel on connections of their own and may overtake each other, so one with frames follows another with frames
 * only when that was answered, or after a pause in which it has surely arrived.
 */
const OVERTAKING_MS = 250;

/** The frames of section 3 by long polling, for networks that let no WebSocket through. */
export class PollTransport implements Transport {
  readonly name = "poll";
  readonly #fetch: typeof fetch;
  readonly #after: (delayMs: number, callback: () => void) => { cancel(): void };

  constructor(fetchFunction: typeof fetch, after: (delayMs: number, callback: () => void) => { cancel(): void }) {
    this.#fetch = fetchFunction;
    this.#after = after;
  }

  open(target: TransportTarget, listener: TransportListener): TransportConnection {
    const connection = new PollConnection(this.#fetch, this.#after, target, listener);
    void connection.start();
    return connection;
  }
}

type Answer = { readonly text: string } | { readonly error: unknown };

function textOf(answer: Answer): string {
  if ("text" in answer) return answer.text;
  throw answer.error;
}

class PollConnection implements TransportConnection {
  readonly #fetch: typeof fetch;
  readonly #after: (delayMs: number, callback: () => void) => { cancel(): void };
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #listener: TransportListener;
  readonly #abort = new AbortController();
  #session = "";
  #outbox: string[] = [];
  #posts = 0;
  /** A POST with frames may still be on its way up. */
  #mayBeOvertaken = false;
  #pause: { cancel(): void } | undefined;
  /** Answers are taken in the order of their POSTs. */
  #answers: Promise<void> = Promise.resolve();
  #isFlushing = false;
  #isOver = false;

  constructor(
    fetchFunction: typeof fetch,
    after: (delayMs: number, callback: () => void) => { cancel(): void },
    target: TransportTarget,
    listener: TransportListener,
  ) {
    this.#fetch = fetchFunction;
    this.#after = after;
    this.#url = `${target.base}/v1/poll`;
    this.#headers = {
      "content-type": "application/json",
      ...(target.token === undefined || target.token === "" ? {} : { authorization: `Bearer ${target.token}` }),
    };
    this.#listener = listener;
  }

  async start(): Promise<void> {
    // Never calls back before `open` has returned, not even if fetch throws.
    await Promise.resolve();
    try {
      const { session } = JSON.parse(textOf(await this.#exchange(this.#url, "[]"))) as { session?: unknown };
      if (typeof session !== "string") throw new TypeError("the server gave no poll session");
      this.#session = session;
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#isOver) return;
    this.#listener.onOpen();
    this.#flush();
  }

  send(text: string): void {
    if (this.#isOver) return;
    this.#outbox.push(text);
    // Frames of one turn travel together.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  close(): void {
    // Goodbyes, like the end of a stream, are worth a last POST that nobody waits for.
    if (!this.#isOver && this.#session !== "" && this.#outbox.length > 0) void this.#lastPost();
    this.abort();
  }

  abort(): void {
    this.#isOver = true;
    this.#pause?.cancel();
    this.#abort.abort();
  }

  /** Sees to it that a POST is held, and that what is in the outbox goes up with the next one. */
  #flush(): void {
    if (this.#isOver || this.#session === "") return;
    const hasFrames = this.#outbox.length > 0;
    const isHeld = this.#posts > 0;
    if (isHeld && (!hasFrames || this.#posts > 1 || this.#mayBeOvertaken)) return;
    const batch = this.#takeBatch();
    this.#posts++;
    if (hasFrames) this.#guardOrder();
    const answer = this.#exchange(`${this.#url}/${encodeURIComponent(this.#session)}`, `[${batch.join(",")}]`);
    this.#answers = this.#answers.then(() => this.#take(answer));
  }

  #takeBatch(): string[] {
    let bytes = 0;
    let count = 0;
    for (const text of this.#outbox) {
      bytes += utf8Length(text) + 1;
      if (count > 0 && bytes > BATCH_MAX_BYTES) break;
      count++;
    }
    return this.#outbox.splice(0, count);
  }

  #guardOrder(): void {
    this.#mayBeOvertaken = true;
    this.#pause?.cancel();
    this.#pause = this.#after(OVERTAKING_MS, () => {
      this.#mayBeOvertaken = false;
      this.#flush();
    });
  }

  async #take(answer: Promise<Answer>): Promise<void> {
    let frames: unknown;
    let bytes = 0;
    try {
      const text = textOf(await answer);
      bytes = utf8Length(text);
      frames = JSON.parse(text);
      if (!Array.isArray(frames)) throw new TypeError("the server answered to a poll with what is no array");
    } catch (error) {
      return this.#fail(error);
    }
    this.#posts--;
    if (this.#posts === 0) this.#mayBeOvertaken = false;
    for (const frame of frames) {
      if (!this.#isOver) this.#listener.onFrame(frame, Math.ceil(bytes / frames.length));
    }
    this.#flush();
  }

  /** One POST. Never rejects: an answer may fail long before its turn to be taken, with nobody there to notice. */
  async #exchange(url: string, body: string): Promise<Answer> {
    try {
      const fetchNow = this.#fetch;
      const response = await fetchNow(url, {
        method: "POST",
        headers: this.#headers,
        body,
        signal: this.#abort.signal,
      });
      const text = await response.text();
      if (response.ok) return { text };
      return { error: httpError(response.status, response.headers.get("retry-after"), text) };
    } catch (error) {
      return { error };
    }
  }

  async #lastPost(): Promise<void> {
    const fetchNow = this.#fetch;
    const body = `[${this.#takeBatch().join(",")}]`;
    const url = `${this.#url}/${encodeURIComponent(this.#session)}`;
    const giveUp = new AbortController();
    const timer = this.#after(1_000, () => giveUp.abort());
    await fetchNow(url, { method: "POST", headers: this.#headers, body, signal: giveUp.signal }).catch(() => undefined);
    timer.cancel();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.abort();
    const close: TransportClose = { code: 1006, reason: error instanceof Error ? error.message : String(error) };
    this.#listener.onClose(error instanceof TidewireError ? { ...close, error } : close);
  }
}

function httpError(status: number, retryAfter: string | null, text: string): TidewireError {
  const seconds = Number(retryAfter ?? Number.NaN);
  const advice = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {};
  // A poll session that is gone is a lost connection, and so is whatever a proxy in between says of its own.
  const lost = new TidewireError("unavailable", `the server answered with status ${status}`, advice);
  if (status === 404) return lost;
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return error === undefined ? lost : TidewireError.fromBody(error);
  } catch {
    return status === 401 ? new TidewireError("unauthenticated", lost.message) : lost;
  }
}
