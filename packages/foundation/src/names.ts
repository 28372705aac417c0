import { ServiceError } from "./service-error.ts";

/** A document is `space/key`: the space names its type, the key is the application's. */
export interface DocumentName {
  readonly space: string;
  readonly key: string;
}

/** Who acts: `agent` is the token's `sub`, `authority` its `iss`. */
export interface Principal {
  readonly agent: string;
  readonly authority: string;
}

const SPACE_PATTERN = /^[a-z][a-z0-9-]{2,62}$/;
const KEY_PATTERN = /^[A-Za-z0-9._-]{1,511}$/;
const MARKER_PATTERN = /^[\x20-\x7e]{1,128}$/;

/** Throws `invalid_argument` unless both parts are well formed. */
export function documentName(space: unknown, key: unknown): DocumentName {
  if (typeof space !== "string" || !SPACE_PATTERN.test(space)) {
    throw new ServiceError("invalid_argument", "space must match [a-z][a-z0-9-]{2,62}", {
      details: { parameter: "space" },
    });
  }
  if (typeof key !== "string" || !KEY_PATTERN.test(key)) {
    throw new ServiceError("invalid_argument", "key must be 1 to 511 of [A-Za-z0-9._-]", {
      details: { parameter: "key" },
    });
  }
  return { space, key };
}

/** Throws `invalid_argument` unless the marker is 1 to 128 printable ASCII characters. */
export function checkedMarker(marker: unknown): string {
  if (typeof marker !== "string" || !MARKER_PATTERN.test(marker)) {
    throw new ServiceError("invalid_argument", "marker must be 1 to 128 printable ASCII characters", {
      details: { parameter: "marker" },
    });
  }
  return marker;
}

/** `space/key`: unique, because neither part contains a slash. */
export function documentPath(name: DocumentName): string {
  return `${name.space}/${name.key}`;
}

export function samePrincipal(a: Principal, b: Principal): boolean {
  return a.agent === b.agent && a.authority === b.authority;
}
