// Generated from host.xml, digest 017bfa623081aa2b. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import { outOfBounds } from "@tidewire/wire";
import type {
  Check,
  ConnectRequest,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  Empty,
  FrameKind,
  GetRequest,
  GetResponse,
  Principal,
  Resume,
  Resync,
  SendRequest,
  SendResponse,
  UpdateViewerRequest,
  ViewerFrame,
  ViewerUp,
} from "./host-types.ts";

export function numberOfFrameKind(value: FrameKind, field: string): number {
  switch (value) {
    case "snapshot":
      return 1;
    case "delta":
      return 2;
    default:
      throw outOfBounds(field, "a FrameKind");
  }
}

export function frameKindOf(number: number, field: string): FrameKind {
  switch (number) {
    case 1:
      return "snapshot";
    case 2:
      return "delta";
    default:
      throw outOfBounds(field, "a FrameKind");
  }
}

export function encodePrincipal(writer: Writer, message: Principal): void {
  writer.string(message.agent, 512, "Principal.agent");
  writer.string(message.authority, 512, "Principal.authority");
}

export function decodePrincipal(reader: Reader): Principal {
  const agent = reader.string(512, "Principal.agent");
  const authority = reader.string(512, "Principal.authority");
  reader.position = reader.end;
  return { agent, authority };
}

export const PrincipalCodec: Codec<Principal> = {
  name: "host.Principal",
  encode: encodePrincipal,
  decode: decodePrincipal,
};

export function encodeCreateRequest(writer: Writer, message: CreateRequest): void {
  writer.string(message.space, 63, "CreateRequest.space");
  writer.string(message.key, 511, "CreateRequest.key");
  const at1 = writer.open();
  encodePrincipal(writer, message.principal);
  writer.close(at1);
  if (message.arg === undefined) {
    writer.absent();
  } else {
    writer.string(message.arg, 1048576, "CreateRequest.arg");
  }
  if (message.marker === undefined) {
    writer.absent();
  } else {
    writer.string(message.marker, 128, "CreateRequest.marker");
  }
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.tableVersion, "CreateRequest.tableVersion");
}

export function decodeCreateRequest(reader: Reader): CreateRequest {
  const space = reader.string(63, "CreateRequest.space");
  const key = reader.string(511, "CreateRequest.key");
  const end1 = reader.enter("CreateRequest.principal");
  const principal = decodePrincipal(reader);
  reader.leave(end1);
  const arg = reader.isAbsent() ? undefined : reader.string(1048576, "CreateRequest.arg");
  const marker = reader.isAbsent() ? undefined : reader.string(128, "CreateRequest.marker");
  const at1 = reader.take(8);
  const tableVersion = reader.u53(at1, "CreateRequest.tableVersion");
  reader.position = reader.end;
  return { space, key, principal, arg, marker, tableVersion };
}

export const CreateRequestCodec: Codec<CreateRequest> = {
  name: "host.CreateRequest",
  encode: encodeCreateRequest,
  decode: decodeCreateRequest,
};

export function encodeCreateResponse(writer: Writer, message: CreateResponse): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "CreateResponse.seq");
}

export function decodeCreateResponse(reader: Reader): CreateResponse {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "CreateResponse.seq");
  reader.position = reader.end;
  return { seq };
}

export const CreateResponseCodec: Codec<CreateResponse> = {
  name: "host.CreateResponse",
  encode: encodeCreateResponse,
  decode: decodeCreateResponse,
};

export function encodeGetRequest(writer: Writer, message: GetRequest): void {
  writer.string(message.space, 63, "GetRequest.space");
  writer.string(message.key, 511, "GetRequest.key");
  const at1 = writer.open();
  encodePrincipal(writer, message.principal);
  writer.close(at1);
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.tableVersion, "GetRequest.tableVersion");
}

export function decodeGetRequest(reader: Reader): GetRequest {
  const space = reader.string(63, "GetRequest.space");
  const key = reader.string(511, "GetRequest.key");
  const end1 = reader.enter("GetRequest.principal");
  const principal = decodePrincipal(reader);
  reader.leave(end1);
  const at1 = reader.take(8);
  const tableVersion = reader.u53(at1, "GetRequest.tableVersion");
  reader.position = reader.end;
  return { space, key, principal, tableVersion };
}

export const GetRequestCodec: Codec<GetRequest> = {
  name: "host.GetRequest",
  encode: encodeGetRequest,
  decode: decodeGetRequest,
};

export function encodeGetResponse(writer: Writer, message: GetResponse): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "GetResponse.seq");
  writer.string(message.hash, 16, "GetResponse.hash");
  writer.bytes(message.view, 0, 16777216, "GetResponse.view");
}

export function decodeGetResponse(reader: Reader): GetResponse {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "GetResponse.seq");
  const hash = reader.string(16, "GetResponse.hash");
  const view = reader.bytes(0, 16777216, "GetResponse.view");
  reader.position = reader.end;
  return { seq, hash, view };
}

export const GetResponseCodec: Codec<GetResponse> = {
  name: "host.GetResponse",
  encode: encodeGetResponse,
  decode: decodeGetResponse,
};

export function encodeDeleteRequest(writer: Writer, message: DeleteRequest): void {
  writer.string(message.space, 63, "DeleteRequest.space");
  writer.string(message.key, 511, "DeleteRequest.key");
  const at1 = writer.open();
  encodePrincipal(writer, message.principal);
  writer.close(at1);
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.tableVersion, "DeleteRequest.tableVersion");
}

export function decodeDeleteRequest(reader: Reader): DeleteRequest {
  const space = reader.string(63, "DeleteRequest.space");
  const key = reader.string(511, "DeleteRequest.key");
  const end1 = reader.enter("DeleteRequest.principal");
  const principal = decodePrincipal(reader);
  reader.leave(end1);
  const at1 = reader.take(8);
  const tableVersion = reader.u53(at1, "DeleteRequest.tableVersion");
  reader.position = reader.end;
  return { space, key, principal, tableVersion };
}

export const DeleteRequestCodec: Codec<DeleteRequest> = {
  name: "host.DeleteRequest",
  encode: encodeDeleteRequest,
  decode: decodeDeleteRequest,
};

export function encodeEmpty(_writer: Writer, _message: Empty): void {
}

export function decodeEmpty(reader: Reader): Empty {
  reader.position = reader.end;
  return {};
}

export const EmptyCodec: Codec<Empty> = {
  name: "host.Empty",
  encode: encodeEmpty,
  decode: decodeEmpty,
};

export function encodeSendRequest(writer: Writer, message: SendRequest): void {
  writer.string(message.space, 63, "SendRequest.space");
  writer.string(message.key, 511, "SendRequest.key");
  const at1 = writer.open();
  encodePrincipal(writer, message.principal);
  writer.close(at1);
  writer.string(message.message, 128, "SendRequest.message");
  if (message.arg === undefined) {
    writer.absent();
  } else {
    writer.string(message.arg, 1048576, "SendRequest.arg");
  }
  if (message.marker === undefined) {
    writer.absent();
  } else {
    writer.string(message.marker, 128, "SendRequest.marker");
  }
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.tableVersion, "SendRequest.tableVersion");
}

export function decodeSendRequest(reader: Reader): SendRequest {
  const space = reader.string(63, "SendRequest.space");
  const key = reader.string(511, "SendRequest.key");
  const end1 = reader.enter("SendRequest.principal");
  const principal = decodePrincipal(reader);
  reader.leave(end1);
  const message = reader.string(128, "SendRequest.message");
  const arg = reader.isAbsent() ? undefined : reader.string(1048576, "SendRequest.arg");
  const marker = reader.isAbsent() ? undefined : reader.string(128, "SendRequest.marker");
  const at1 = reader.take(8);
  const tableVersion = reader.u53(at1, "SendRequest.tableVersion");
  reader.position = reader.end;
  return { space, key, principal, message, arg, marker, tableVersion };
}

export const SendRequestCodec: Codec<SendRequest> = {
  name: "host.SendRequest",
  encode: encodeSendRequest,
  decode: decodeSendRequest,
};

export function encodeSendResponse(writer: Writer, message: SendResponse): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "SendResponse.seq");
  if (message.value === undefined) {
    writer.absent();
  } else {
    writer.string(message.value, 1048576, "SendResponse.value");
  }
}

export function decodeSendResponse(reader: Reader): SendResponse {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "SendResponse.seq");
  const value = reader.isAbsent() ? undefined : reader.string(1048576, "SendResponse.value");
  reader.position = reader.end;
  return { seq, value };
}

export const SendResponseCodec: Codec<SendResponse> = {
  name: "host.SendResponse",
  encode: encodeSendResponse,
  decode: decodeSendResponse,
};

export function encodeResume(writer: Writer, message: Resume): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "Resume.seq");
  writer.string(message.hash, 64, "Resume.hash");
}

export function decodeResume(reader: Reader): Resume {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "Resume.seq");
  const hash = reader.string(64, "Resume.hash");
  reader.position = reader.end;
  return { seq, hash };
}

export const ResumeCodec: Codec<Resume> = {
  name: "host.Resume",
  encode: encodeResume,
  decode: decodeResume,
};

export function encodeConnectRequest(writer: Writer, message: ConnectRequest): void {
  writer.string(message.space, 63, "ConnectRequest.space");
  writer.string(message.key, 511, "ConnectRequest.key");
  const at1 = writer.open();
  encodePrincipal(writer, message.principal);
  writer.close(at1);
  writer.string(message.viewer, 128, "ConnectRequest.viewer");
  if (message.viewState === undefined) {
    writer.absent();
  } else {
    writer.string(message.viewState, 1048576, "ConnectRequest.viewState");
  }
  if (message.resume === undefined) {
    writer.absent();
  } else {
    const at2 = writer.open();
    encodeResume(writer, message.resume);
    writer.close(at2);
  }
  const at3 = writer.reserve(9);
  writer.putBool(at3, message.hashEvery, "ConnectRequest.hashEvery");
  writer.putU53(at3 + 1, message.tableVersion, "ConnectRequest.tableVersion");
}

export function decodeConnectRequest(reader: Reader): ConnectRequest {
  const space = reader.string(63, "ConnectRequest.space");
  const key = reader.string(511, "ConnectRequest.key");
  const end1 = reader.enter("ConnectRequest.principal");
  const principal = decodePrincipal(reader);
  reader.leave(end1);
  const viewer = reader.string(128, "ConnectRequest.viewer");
  const viewState = reader.isAbsent() ? undefined : reader.string(1048576, "ConnectRequest.viewState");
  let resume: Resume | undefined;
  if (!reader.isAbsent()) {
    const end2 = reader.enter("ConnectRequest.resume");
    resume = decodeResume(reader);
    reader.leave(end2);
  }
  const at1 = reader.take(9);
  const hashEvery = reader.bool(at1, "ConnectRequest.hashEvery");
  const tableVersion = reader.u53(at1 + 1, "ConnectRequest.tableVersion");
  reader.position = reader.end;
  return { space, key, principal, viewer, viewState, resume, hashEvery, tableVersion };
}

export const ConnectRequestCodec: Codec<ConnectRequest> = {
  name: "host.ConnectRequest",
  encode: encodeConnectRequest,
  decode: decodeConnectRequest,
};

export function encodeResync(_writer: Writer, _message: Resync): void {
}

export function decodeResync(reader: Reader): Resync {
  reader.position = reader.end;
  return {};
}

export const ResyncCodec: Codec<Resync> = {
  name: "host.Resync",
  encode: encodeResync,
  decode: decodeResync,
};

export function encodeCheck(writer: Writer, message: Check): void {
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.seq, "Check.seq");
  writer.string(message.hash, 64, "Check.hash");
}

export function decodeCheck(reader: Reader): Check {
  const at1 = reader.take(8);
  const seq = reader.u53(at1, "Check.seq");
  const hash = reader.string(64, "Check.hash");
  reader.position = reader.end;
  return { seq, hash };
}

export const CheckCodec: Codec<Check> = {
  name: "host.Check",
  encode: encodeCheck,
  decode: decodeCheck,
};

export function encodeViewerFrame(writer: Writer, message: ViewerFrame): void {
  const at1 = writer.reserve(9);
  writer.putU8(at1, numberOfFrameKind(message.kind, "ViewerFrame.kind"), "ViewerFrame.kind");
  writer.putU53(at1 + 1, message.seq, "ViewerFrame.seq");
  if (message.hash === undefined) {
    writer.absent();
  } else {
    writer.string(message.hash, 16, "ViewerFrame.hash");
  }
  writer.bytes(message.data, 0, 16777216, "ViewerFrame.data");
}

export function decodeViewerFrame(reader: Reader): ViewerFrame {
  const at1 = reader.take(9);
  const kind = frameKindOf(reader.view.getUint8(at1), "ViewerFrame.kind");
  const seq = reader.u53(at1 + 1, "ViewerFrame.seq");
  const hash = reader.isAbsent() ? undefined : reader.string(16, "ViewerFrame.hash");
  const data = reader.bytes(0, 16777216, "ViewerFrame.data");
  reader.position = reader.end;
  return { kind, seq, hash, data };
}

export const ViewerFrameCodec: Codec<ViewerFrame> = {
  name: "host.ViewerFrame",
  encode: encodeViewerFrame,
  decode: decodeViewerFrame,
};

export function encodeUpdateViewerRequest(writer: Writer, message: UpdateViewerRequest): void {
  writer.string(message.space, 63, "UpdateViewerRequest.space");
  writer.string(message.key, 511, "UpdateViewerRequest.key");
  writer.string(message.viewer, 128, "UpdateViewerRequest.viewer");
  writer.string(message.viewState, 1048576, "UpdateViewerRequest.viewState");
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.tableVersion, "UpdateViewerRequest.tableVersion");
}

export function decodeUpdateViewerRequest(reader: Reader): UpdateViewerRequest {
  const space = reader.string(63, "UpdateViewerRequest.space");
  const key = reader.string(511, "UpdateViewerRequest.key");
  const viewer = reader.string(128, "UpdateViewerRequest.viewer");
  const viewState = reader.string(1048576, "UpdateViewerRequest.viewState");
  const at1 = reader.take(8);
  const tableVersion = reader.u53(at1, "UpdateViewerRequest.tableVersion");
  reader.position = reader.end;
  return { space, key, viewer, viewState, tableVersion };
}

export const UpdateViewerRequestCodec: Codec<UpdateViewerRequest> = {
  name: "host.UpdateViewerRequest",
  encode: encodeUpdateViewerRequest,
  decode: decodeUpdateViewerRequest,
};

export function encodeViewerUp(writer: Writer, union: ViewerUp): void {
  switch (union.kind) {
    case "resync":
      writer.putU8(writer.reserve(1), 1, "ViewerUp");
      encodeResync(writer, union.value);
      return;
    case "check":
      writer.putU8(writer.reserve(1), 2, "ViewerUp");
      encodeCheck(writer, union.value);
      return;
    default:
      throw outOfBounds("ViewerUp", "a variant of ViewerUp");
  }
}

export function decodeViewerUp(reader: Reader): ViewerUp {
  switch (reader.view.getUint8(reader.take(1))) {
    case 1:
      return { kind: "resync", value: decodeResync(reader) };
    case 2:
      return { kind: "check", value: decodeCheck(reader) };
    default:
      throw outOfBounds("ViewerUp", "a known variant");
  }
}

export const ViewerUpCodec: Codec<ViewerUp> = {
  name: "host.ViewerUp",
  encode: encodeViewerUp,
  decode: decodeViewerUp,
};
