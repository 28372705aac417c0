import type { ServiceError } from "@tidewire/foundation";

/** The message was refused, as its sender gets to know it; the text says more, for the author. */
export class Rejected extends Error {
  override readonly name = "Rejected";
  /** The document's own code for a rejection, otherwise the service's, such as `invalid_argument`. */
  readonly code: string;
  readonly data: unknown;

  constructor(error: ServiceError) {
    const isOwn = error.code === "rejected";
    const code = isOwn ? String(error.details?.["code"]) : error.code;
    const data = isOwn ? error.details?.["data"] : error.details;
    const why = isOwn ? dataText(data) : `: ${reasonOf(error)}`;
    super(`refused: ${code}${why}`, error.cause === undefined ? undefined : { cause: error.cause });
    this.code = code;
    this.data = data;
  }
}

function dataText(data: unknown): string {
  return data === undefined ? "" : ` ${JSON.stringify(data)}`;
}

/** What code threw, which clients are not told, or what its schema has against an argument. */
function reasonOf({ message, cause, details }: ServiceError): string {
  if (cause instanceof Error) return cause.message;
  const issues = (details?.["issues"] ?? []) as readonly {
    readonly path: readonly string[];
    readonly message: string;
  }[];
  return [message, ...issues.map((issue) => [...issue.path, issue.message].join(": "))].join(": ");
}
