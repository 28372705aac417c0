/** A JSON API as its definition says it: methods, streams, frames without a request, close codes, limits. */
export interface Api {
  readonly name: string;
  readonly version: number;
  readonly package: string;
  readonly path: string;
  readonly subprotocol: string;
  readonly heartbeatMs: number;
  readonly documentation: string;
  readonly types: readonly ApiType[];
  readonly methods: readonly ApiMethod[];
  readonly notices: readonly ApiNotice[];
  readonly frames: readonly ApiFrame[];
  readonly limits: readonly ApiLimit[];
  readonly closes: readonly ApiClose[];
  readonly file: string;
  readonly line: number;
}

interface ApiTypeBase {
  readonly name: string;
  readonly documentation: string;
  readonly line: number;
}

export interface ApiString extends ApiTypeBase {
  readonly kind: "string";
  /** Matches the whole string. */
  readonly pattern: string | undefined;
  readonly minLength: number;
  readonly maxLength: number;
}

export interface ApiInteger extends ApiTypeBase {
  readonly kind: "integer";
  readonly min: number;
  readonly max: number;
}

export interface ApiNumber extends ApiTypeBase {
  readonly kind: "number";
}

/** Any JSON; the reading side gets it as text again. */
export interface ApiJson extends ApiTypeBase {
  readonly kind: "json";
  readonly depthMax: number;
}

export interface ApiObject extends ApiTypeBase {
  readonly kind: "object";
  readonly members: readonly ApiMember[];
}

export interface ApiTuple extends ApiTypeBase {
  readonly kind: "tuple";
  readonly members: readonly ApiMember[];
}

export type ApiType = ApiString | ApiInteger | ApiNumber | ApiJson | ApiObject | ApiTuple;

/** A property, an item of a tuple, or a parameter. */
export interface ApiMember {
  readonly name: string;
  /** A type of the definition, or `boolean`. */
  readonly type: string;
  readonly isOptional: boolean;
  readonly isList: boolean;
  readonly maxCount: number;
  readonly documentation: string;
  readonly line: number;
}

export interface ApiMethod {
  readonly name: string;
  readonly answer: "result" | "stream";
  readonly result: string | undefined;
  readonly authorisation: "none" | "principal";
  readonly isIdempotent: boolean;
  /** `marker`: safe with a marker, else only if it was never sent. */
  readonly retry: "never" | "unsent" | "safe" | "marker";
  readonly deadlineMs: number;
  readonly parameters: readonly ApiMember[];
  readonly documentation: string;
  readonly line: number;
}

/** A frame from the client with id 0: no answer. */
export interface ApiNotice extends ApiMember {
  /** Name of the close code for one that is malformed. */
  readonly fault: string;
}

/** A frame to the client. */
export interface ApiFrame {
  readonly name: string;
  readonly of: "request" | "stream" | "connection";
  readonly type: string;
  readonly isLast: boolean;
  readonly documentation: string;
  readonly line: number;
}

export interface ApiLimit {
  readonly name: string;
  readonly default: number;
  /** Error or close code when it is passed. */
  readonly error: string | undefined;
  readonly documentation: string;
}

export interface ApiClose {
  readonly name: string;
  readonly code: number;
  readonly reconnect: boolean;
  readonly documentation: string;
  readonly line: number;
}

/** Types that a client can send, directly or inside others. */
export function typesSentByClients(api: Api): ReadonlySet<string> {
  const members = [...api.methods.flatMap((method) => method.parameters), ...api.notices];
  return typesWithin(
    api,
    members.map(({ type }) => type),
  );
}

/** Types that a client can be sent. */
export function typesSentToClients(api: Api): ReadonlySet<string> {
  const results = api.methods.flatMap(({ result }) => (result === undefined ? [] : [result]));
  return typesWithin(api, [...results, ...api.frames.map(({ type }) => type)]);
}

function typesWithin(api: Api, names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    const type = api.types.find((candidate) => candidate.name === name);
    if (type?.kind === "object" || type?.kind === "tuple") for (const member of type.members) visit(member.type);
  };
  for (const name of names) visit(name);
  return found;
}
