import type { Resume } from "@tidewire/protocol-client";
import { isHash } from "../stream/stream-position.ts";

/** `seq-hash`: names a state of one caller's view, as an ETag (in quotes) and as the id of a server-sent event. */
export function stateTag(seq: number, hash: string): string {
  return `${seq}-${hash}`;
}

/** What `Last-Event-ID` resumes from; `undefined` for anything that is no tag of ours. */
export function readStateTag(tag: string | undefined): Resume | undefined {
  const match = /^(\d{1,16})-(.+)$/.exec(tag ?? "");
  if (match === null) return undefined;
  const seq = Number(match[1]);
  const hash = match[2]!;
  return Number.isSafeInteger(seq) && isHash(hash) ? { seq, hash } : undefined;
}

/** Whether an `If-None-Match` header names the tag; weak tags count, as RFC 9110 says for this header. */
export function matchesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((item) => {
    const candidate = item.trim().replace(/^W\//, "");
    return candidate === "*" || candidate === `"${tag}"`;
  });
}
