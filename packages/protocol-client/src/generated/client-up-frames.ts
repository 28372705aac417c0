// Generated from client.xml, digest 1a7ff875d5d4be62. Do not edit; run codegen.
import { ServiceError } from "@tidewire/foundation";
import { type CloseCode, closeCodes } from "./client-registry.ts";
import { type JsonFields, fieldsOf, integerWithin, jsonText, listOf, numberOf, parameterFault, stringMatching, stringWithin, tupleOf } from "../parameter-checks.ts";
import type { Resume, StreamAck, StreamCheck } from "./client-types.ts";

/** `session/authenticate` with its parameters checked; JSON values are text again. */
export interface SessionAuthenticateRequest {
  readonly method: "session/authenticate";
  /** Without one the client is anonymous, where that is allowed. */
  readonly token?: string | undefined;
}

/** `document/create` with its parameters checked; JSON values are text again. */
export interface DocumentCreateRequest {
  readonly method: "document/create";
  readonly space: string;
  readonly key: string;
  readonly arg?: string | undefined;
  readonly marker?: string | undefined;
}

/** `document/get` with its parameters checked; JSON values are text again. */
export interface DocumentGetRequest {
  readonly method: "document/get";
  readonly space: string;
  readonly key: string;
}

/** `document/delete` with its parameters checked; JSON values are text again. */
export interface DocumentDeleteRequest {
  readonly method: "document/delete";
  readonly space: string;
  readonly key: string;
}

/** `connection/create` with its parameters checked; JSON values are text again. */
export interface ConnectionCreateRequest {
  readonly method: "connection/create";
  readonly space: string;
  readonly key: string;
  /** What a client may say about itself; never logged. */
  readonly viewState?: string | undefined;
  readonly resume?: Resume | undefined;
}

/** `connection/send` with its parameters checked; JSON values are text again. */
export interface ConnectionSendRequest {
  readonly method: "connection/send";
  /** Id of the connection/create. */
  readonly connection: number;
  readonly message: string;
  readonly arg?: string | undefined;
  readonly marker?: string | undefined;
}

/** `connection/update` with its parameters checked; JSON values are text again. */
export interface ConnectionUpdateRequest {
  readonly method: "connection/update";
  readonly connection: number;
  readonly viewState: string;
}

/** `connection/resync` with its parameters checked; JSON values are text again. */
export interface ConnectionResyncRequest {
  readonly method: "connection/resync";
  readonly connection: number;
}

/** `connection/end` with its parameters checked; JSON values are text again. */
export interface ConnectionEndRequest {
  readonly method: "connection/end";
  readonly connection: number;
}

/** `message/send` with its parameters checked; JSON values are text again. */
export interface MessageSendRequest {
  readonly method: "message/send";
  readonly space: string;
  readonly key: string;
  readonly message: string;
  readonly arg?: string | undefined;
  readonly marker?: string | undefined;
}

/** `heartbeat` with its parameters checked; JSON values are text again. */
export interface HeartbeatRequest {
  readonly method: "heartbeat";
  readonly at: number;
  readonly streams?: readonly StreamCheck[] | undefined;
}

export type UpRequest =
  | SessionAuthenticateRequest
  | DocumentCreateRequest
  | DocumentGetRequest
  | DocumentDeleteRequest
  | ConnectionCreateRequest
  | ConnectionSendRequest
  | ConnectionUpdateRequest
  | ConnectionResyncRequest
  | ConnectionEndRequest
  | MessageSendRequest
  | HeartbeatRequest;

export type UpFrame =
  | { readonly kind: "request"; readonly id: number; readonly request: UpRequest }
  /** The frame is well formed, the request is not: it fails alone. */
  | { readonly kind: "refused"; readonly id: number; readonly error: ServiceError }
  /** Sent with id 0, without an answer. The first one turns window flow control on. */
  | { readonly kind: "ack"; readonly ack: readonly StreamAck[] }
  /** The other side does not speak the protocol: close the connection. */
  | { readonly kind: "fault"; readonly closeCode: CloseCode; readonly reason: string };

/** Reads one text frame. Never throws. */
export function parseUpFrame(text: string): UpFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "fault", closeCode: closeCodes.malformedFrame, reason: "a frame must be JSON" };
  }
  return readUpFrame(value);
}

/** The same for a frame that is parsed already. Never throws. */
export function readUpFrame(value: unknown): UpFrame {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { kind: "fault", closeCode: closeCodes.malformedFrame, reason: "a frame must be a JSON object" };
  }
  const fields = value as JsonFields;
  const id = fields["id"];
  if (id === 0 && fields["ack"] !== undefined) return readAckNotice(fields["ack"]);
  if (!Number.isSafeInteger(id) || (id as number) < 1) {
    return { kind: "fault", closeCode: closeCodes.malformedId, reason: "id must be an integer from 1 to 2^53-1" };
  }
  try {
    return { kind: "request", id: id as number, request: readRequest(fields) };
  } catch (error) {
    return { kind: "refused", id: id as number, error: ServiceError.from(error) };
  }
}

function readAckNotice(value: unknown): UpFrame {
  try {
    return { kind: "ack", ack: listOf(value, "ack", 65536).map((item) => readStreamAck(item, "ack")) };
  } catch (error) {
    return { kind: "fault", closeCode: closeCodes.malformedAck, reason: ServiceError.from(error).message };
  }
}

function readRequest(fields: JsonFields): UpRequest {
  const method = fields["method"];
  switch (method) {
    case "session/authenticate":
      return readSessionAuthenticateRequest(fields);
    case "document/create":
      return readDocumentCreateRequest(fields);
    case "document/get":
      return readDocumentGetRequest(fields);
    case "document/delete":
      return readDocumentDeleteRequest(fields);
    case "connection/create":
      return readConnectionCreateRequest(fields);
    case "connection/send":
      return readConnectionSendRequest(fields);
    case "connection/update":
      return readConnectionUpdateRequest(fields);
    case "connection/resync":
      return readConnectionResyncRequest(fields);
    case "connection/end":
      return readConnectionEndRequest(fields);
    case "message/send":
      return readMessageSendRequest(fields);
    case "heartbeat":
      return readHeartbeatRequest(fields);
    default:
      if (typeof method !== "string") throw parameterFault("method", method, "must name a method");
      throw new ServiceError("unsupported", "there is no such method", {
        details: { parameter: "method", reason: "unknown_method", method: method.slice(0, 128) },
      });
  }
}

function readSessionAuthenticateRequest(fields: JsonFields): SessionAuthenticateRequest {
  return {
    method: "session/authenticate",
    token: fields["token"] === undefined ? undefined : readToken(fields["token"], "token"),
  };
}

function readDocumentCreateRequest(fields: JsonFields): DocumentCreateRequest {
  return {
    method: "document/create",
    space: readSpace(fields["space"], "space"),
    key: readKey(fields["key"], "key"),
    arg: fields["arg"] === undefined ? undefined : jsonText(fields["arg"], "arg", 64),
    marker: fields["marker"] === undefined ? undefined : readMarker(fields["marker"], "marker"),
  };
}

function readDocumentGetRequest(fields: JsonFields): DocumentGetRequest {
  return {
    method: "document/get",
    space: readSpace(fields["space"], "space"),
    key: readKey(fields["key"], "key"),
  };
}

function readDocumentDeleteRequest(fields: JsonFields): DocumentDeleteRequest {
  return {
    method: "document/delete",
    space: readSpace(fields["space"], "space"),
    key: readKey(fields["key"], "key"),
  };
}

function readConnectionCreateRequest(fields: JsonFields): ConnectionCreateRequest {
  return {
    method: "connection/create",
    space: readSpace(fields["space"], "space"),
    key: readKey(fields["key"], "key"),
    viewState: fields["viewState"] === undefined ? undefined : jsonText(fields["viewState"], "viewState", 64),
    resume: fields["resume"] === undefined ? undefined : readResume(fields["resume"], "resume"),
  };
}

function readConnectionSendRequest(fields: JsonFields): ConnectionSendRequest {
  return {
    method: "connection/send",
    connection: readRequestId(fields["connection"], "connection"),
    message: readMessageName(fields["message"], "message"),
    arg: fields["arg"] === undefined ? undefined : jsonText(fields["arg"], "arg", 64),
    marker: fields["marker"] === undefined ? undefined : readMarker(fields["marker"], "marker"),
  };
}

function readConnectionUpdateRequest(fields: JsonFields): ConnectionUpdateRequest {
  return {
    method: "connection/update",
    connection: readRequestId(fields["connection"], "connection"),
    viewState: jsonText(fields["viewState"], "viewState", 64),
  };
}

function readConnectionResyncRequest(fields: JsonFields): ConnectionResyncRequest {
  return {
    method: "connection/resync",
    connection: readRequestId(fields["connection"], "connection"),
  };
}

function readConnectionEndRequest(fields: JsonFields): ConnectionEndRequest {
  return {
    method: "connection/end",
    connection: readRequestId(fields["connection"], "connection"),
  };
}

function readMessageSendRequest(fields: JsonFields): MessageSendRequest {
  return {
    method: "message/send",
    space: readSpace(fields["space"], "space"),
    key: readKey(fields["key"], "key"),
    message: readMessageName(fields["message"], "message"),
    arg: fields["arg"] === undefined ? undefined : jsonText(fields["arg"], "arg", 64),
    marker: fields["marker"] === undefined ? undefined : readMarker(fields["marker"], "marker"),
  };
}

function readHeartbeatRequest(fields: JsonFields): HeartbeatRequest {
  return {
    method: "heartbeat",
    at: numberOf(fields["at"], "at"),
    streams: fields["streams"] === undefined ? undefined : listOf(fields["streams"], "streams", 65536).map((item) => readStreamCheck(item, "streams")),
  };
}

const spacePattern = /^(?:[a-z][a-z0-9-]{2,62})$/;

function readSpace(value: unknown, parameter: string): string {
  return stringMatching(value, parameter, spacePattern);
}

const keyPattern = /^(?:[A-Za-z0-9._-]{1,511})$/;

function readKey(value: unknown, parameter: string): string {
  return stringMatching(value, parameter, keyPattern);
}

const markerPattern = /^(?:[\x20-\x7e]{1,128})$/;

function readMarker(value: unknown, parameter: string): string {
  return stringMatching(value, parameter, markerPattern);
}

function readMessageName(value: unknown, parameter: string): string {
  return stringWithin(value, parameter, 1, 128);
}

function readToken(value: unknown, parameter: string): string {
  return stringWithin(value, parameter, 1, 16384);
}

function readHash(value: unknown, parameter: string): string {
  return stringWithin(value, parameter, 0, 64);
}

function readRequestId(value: unknown, parameter: string): number {
  return integerWithin(value, parameter, 1, 9007199254740991);
}

function readSeq(value: unknown, parameter: string): number {
  return integerWithin(value, parameter, 0, 9007199254740991);
}

function readResume(value: unknown, parameter: string): Resume {
  const fields = fieldsOf(value, parameter);
  return {
    seq: readSeq(fields["seq"], `${parameter}.seq`),
    hash: readHash(fields["hash"], `${parameter}.hash`),
  };
}

function readStreamCheck(value: unknown, parameter: string): StreamCheck {
  const items = tupleOf(value, parameter, 3);
  return [readRequestId(items[0], parameter), readSeq(items[1], parameter), readHash(items[2], parameter)];
}

function readStreamAck(value: unknown, parameter: string): StreamAck {
  const items = tupleOf(value, parameter, 2);
  return [readRequestId(items[0], parameter), readSeq(items[1], parameter)];
}
