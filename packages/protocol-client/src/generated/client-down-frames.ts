// Generated from client.xml, digest 1a7ff875d5d4be62. Do not edit; run codegen.
import type { ErrorBody } from "@tidewire/foundation";
import type { JsonFields, JsonValue } from "../parameter-checks.ts";
import type { Drain, Heartbeat, StreamEnd } from "./client-types.ts";

export type DownFrame =
  /** The answer of a one-shot request. */
  | { readonly kind: "result"; readonly id: number; readonly result: JsonValue }
  /** The request, or the stream, failed. */
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorBody }
  /** Replaces what the client held. */
  | { readonly kind: "snapshot"; readonly id: number; readonly snapshot: JsonValue }
  /** Merges into what the client holds. */
  | { readonly kind: "delta"; readonly id: number; readonly delta: JsonValue }
  /** The stream ended. */
  | { readonly kind: "end"; readonly id: number; readonly end: StreamEnd }
  /** Every heartbeatMs. */
  | { readonly kind: "heartbeat"; readonly id: number; readonly heartbeat: Heartbeat }
  /** The server goes away; come back elsewhere. */
  | { readonly kind: "drain"; readonly id: number; readonly drain: Drain }
  /** A frame of a newer server: ignore it. */
  | { readonly kind: "unknown"; readonly id: number };

/** The answer of a one-shot request. The body is JSON text already. */
export function resultFrame(id: number, bodyText: string): string {
  return `{"id":${id},"result":${bodyText}}`;
}

/** The request, or the stream, failed. */
export function errorFrame(id: number, body: ErrorBody): string {
  return `{"id":${id},"error":${JSON.stringify(body)}}`;
}

/** Replaces what the client held. The body is JSON text already. */
export function snapshotFrame(id: number, bodyText: string): string {
  return `{"id":${id},"snapshot":${bodyText}}`;
}

/** Merges into what the client holds. The body is JSON text already. */
export function deltaFrame(id: number, bodyText: string): string {
  return `{"id":${id},"delta":${bodyText}}`;
}

/** The stream ended. */
export function endFrame(id: number, body: StreamEnd): string {
  return `{"id":${id},"end":${JSON.stringify(body)}}`;
}

/** Every heartbeatMs. */
export function heartbeatFrame(body: Heartbeat): string {
  return `{"id":0,"heartbeat":${JSON.stringify(body)}}`;
}

/** The server goes away; come back elsewhere. */
export function drainFrame(body: Drain): string {
  return `{"id":0,"drain":${JSON.stringify(body)}}`;
}

/** Takes a frame apart by its key. Bodies come from the server and are not checked again; what is no frame is `undefined`. */
export function readDownFrame(value: unknown): DownFrame | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = value as JsonFields;
  const id = fields["id"];
  if (!Number.isSafeInteger(id) || (id as number) < 0) return undefined;
  if (id !== 0 && fields["result"] !== undefined) {
    return { kind: "result", id: id as number, result: fields["result"] as JsonValue };
  }
  if (id !== 0 && fields["error"] !== undefined) {
    return { kind: "error", id: id as number, error: fields["error"] as ErrorBody };
  }
  if (id !== 0 && fields["snapshot"] !== undefined) {
    return { kind: "snapshot", id: id as number, snapshot: fields["snapshot"] as JsonValue };
  }
  if (id !== 0 && fields["delta"] !== undefined) {
    return { kind: "delta", id: id as number, delta: fields["delta"] as JsonValue };
  }
  if (id !== 0 && fields["end"] !== undefined) {
    return { kind: "end", id: id as number, end: fields["end"] as StreamEnd };
  }
  if (id === 0 && fields["heartbeat"] !== undefined) {
    return { kind: "heartbeat", id: id as number, heartbeat: fields["heartbeat"] as Heartbeat };
  }
  if (id === 0 && fields["drain"] !== undefined) {
    return { kind: "drain", id: id as number, drain: fields["drain"] as Drain };
  }
  return { kind: "unknown", id: id as number };
}

/** Whether the frame is the last one of its request or stream. */
export function isLastFrame(frame: DownFrame): boolean {
  return frame.kind === "result" || frame.kind === "error" || frame.kind === "end";
}
