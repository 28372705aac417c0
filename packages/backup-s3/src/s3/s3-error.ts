/** What went wrong with a request, after every attempt it was worth. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  /** HTTP status; 0 if there was no answer, or only half of one. */
  readonly status: number;
  /** The code of the server's answer (`NoSuchKey`, `SlowDown`, ...), or `timeout`, `network`, `bad_listing`. */
  readonly code: string;

  constructor(request: string, status: number, code: string, cause?: unknown) {
    const answer = status === 0 ? code : `${status} ${code}`.trimEnd();
    super(`${request} failed: ${answer}${reasonOf(cause)}`, cause === undefined ? {} : { cause });
    this.status = status;
    this.code = code;
  }

  /** Worth another attempt: too busy, a conflict with a request under way, or no answer at all. */
  get isRetryable(): boolean {
    // 501 is how honest servers answer a condition they do not know.
    if (this.status === 501 || this.code === "closed") return false;
    const isUndone = this.status === 0 || this.status < 300;
    return isUndone || this.status === 409 || this.status === 429 || this.status >= 500;
  }
}

/** `fetch` hides the reason in the cause of its error. */
function reasonOf(cause: unknown): string {
  const inner = (cause as { readonly cause?: unknown } | undefined)?.cause ?? cause;
  return inner instanceof Error && inner.message !== "" ? ` (${inner.message})` : "";
}
