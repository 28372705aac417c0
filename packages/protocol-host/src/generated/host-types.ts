// Generated from host.xml, digest 017bfa623081aa2b. Do not edit; run codegen.

export type FrameKind = "snapshot" | "delta";

export interface Principal {
  readonly agent: string;
  readonly authority: string;
}

export interface CreateRequest {
  readonly space: string;
  readonly key: string;
  readonly principal: Principal;
  readonly arg?: string | undefined;
  readonly marker?: string | undefined;
  /** Version of the routing table the edge used. */
  readonly tableVersion: number;
}

export interface CreateResponse {
  readonly seq: number;
}

export interface GetRequest {
  readonly space: string;
  readonly key: string;
  readonly principal: Principal;
  readonly tableVersion: number;
}

export interface GetResponse {
  readonly seq: number;
  readonly hash: string;
  /** Plain JSON in UTF-8, lists as arrays, without @ keys. */
  readonly view: Uint8Array;
}

export interface DeleteRequest {
  readonly space: string;
  readonly key: string;
  readonly principal: Principal;
  readonly tableVersion: number;
}

export interface Empty {
}

export interface SendRequest {
  readonly space: string;
  readonly key: string;
  readonly principal: Principal;
  readonly message: string;
  readonly arg?: string | undefined;
  readonly marker?: string | undefined;
  readonly tableVersion: number;
}

export interface SendResponse {
  readonly seq: number;
  readonly value?: string | undefined;
}

export interface Resume {
  readonly seq: number;
  readonly hash: string;
}

export interface ConnectRequest {
  readonly space: string;
  readonly key: string;
  readonly principal: Principal;
  /** Names the viewer across re-subscriptions of its edge; unique in the fleet. */
  readonly viewer: string;
  readonly viewState?: string | undefined;
  readonly resume?: Resume | undefined;
  /** Every frame carries its hash (server-sent events need it for their ids). */
  readonly hashEvery: boolean;
  readonly tableVersion: number;
}

export interface Resync {
}

export interface Check {
  readonly seq: number;
  readonly hash: string;
}

export interface ViewerFrame {
  readonly kind: FrameKind;
  readonly seq: number;
  /** Hash of the state the frame leads to, where it was computed. */
  readonly hash?: string | undefined;
  /** One JSON object in UTF-8, ready for the client; the edge does not parse it. */
  readonly data: Uint8Array;
}

export interface UpdateViewerRequest {
  readonly space: string;
  readonly key: string;
  readonly viewer: string;
  readonly viewState: string;
  readonly tableVersion: number;
}

export type ViewerUp =
  | { readonly kind: "resync"; readonly value: Resync }
  | { readonly kind: "check"; readonly value: Check };
