// Generated from link.xml, digest d32dc3054e7e17af. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import type {
  CallHeader,
  Credit,
  CreditGrant,
  ErrorBody,
  GoAway,
  Hello,
  Ping,
  Pong,
  Reject,
  Welcome,
} from "./link-types.ts";

export function encodeHello(writer: Writer, message: Hello): void {
  const at1 = writer.reserve(24);
  writer.putU32(at1, message.magic, "Hello.magic");
  writer.putU16(at1 + 4, message.minVersion, "Hello.minVersion");
  writer.putU16(at1 + 6, message.maxVersion, "Hello.maxVersion");
  writer.putU32(at1 + 8, message.heartbeatMs, "Hello.heartbeatMs");
  writer.putU53(at1 + 12, message.bootId, "Hello.bootId");
  writer.putU32(at1 + 20, message.connectionWindowBytes, "Hello.connectionWindowBytes");
  writer.string(message.schemaDigest, 256, "Hello.schemaDigest");
  writer.string(message.nodeId, 64, "Hello.nodeId");
  writer.string(message.role, 32, "Hello.role");
  writer.bytes(message.nonce, 16, 32, "Hello.nonce");
  writer.bytes(message.proof, 32, 32, "Hello.proof");
}

export function decodeHello(reader: Reader): Hello {
  const at1 = reader.take(24);
  const magic = reader.view.getUint32(at1, true);
  const minVersion = reader.view.getUint16(at1 + 4, true);
  const maxVersion = reader.view.getUint16(at1 + 6, true);
  const heartbeatMs = reader.view.getUint32(at1 + 8, true);
  const bootId = reader.u53(at1 + 12, "Hello.bootId");
  const connectionWindowBytes = reader.view.getUint32(at1 + 20, true);
  const schemaDigest = reader.string(256, "Hello.schemaDigest");
  const nodeId = reader.string(64, "Hello.nodeId");
  const role = reader.string(32, "Hello.role");
  const nonce = reader.bytes(16, 32, "Hello.nonce");
  const proof = reader.bytes(32, 32, "Hello.proof");
  reader.position = reader.end;
  return { magic, minVersion, maxVersion, heartbeatMs, bootId, connectionWindowBytes, schemaDigest, nodeId, role, nonce, proof };
}

export const HelloCodec: Codec<Hello> = {
  name: "link.Hello",
  encode: encodeHello,
  decode: decodeHello,
};

export function encodeWelcome(writer: Writer, message: Welcome): void {
  const at1 = writer.reserve(22);
  writer.putU16(at1, message.version, "Welcome.version");
  writer.putU32(at1 + 2, message.heartbeatMs, "Welcome.heartbeatMs");
  writer.putU53(at1 + 6, message.bootId, "Welcome.bootId");
  writer.putU32(at1 + 14, message.connectionWindowBytes, "Welcome.connectionWindowBytes");
  writer.putU32(at1 + 18, message.streamsMax, "Welcome.streamsMax");
  writer.string(message.schemaDigest, 256, "Welcome.schemaDigest");
  writer.string(message.nodeId, 64, "Welcome.nodeId");
  writer.string(message.role, 32, "Welcome.role");
  writer.bytes(message.nonce, 16, 32, "Welcome.nonce");
  writer.bytes(message.proof, 32, 32, "Welcome.proof");
}

export function decodeWelcome(reader: Reader): Welcome {
  const at1 = reader.take(22);
  const version = reader.view.getUint16(at1, true);
  const heartbeatMs = reader.view.getUint32(at1 + 2, true);
  const bootId = reader.u53(at1 + 6, "Welcome.bootId");
  const connectionWindowBytes = reader.view.getUint32(at1 + 14, true);
  const streamsMax = reader.view.getUint32(at1 + 18, true);
  const schemaDigest = reader.string(256, "Welcome.schemaDigest");
  const nodeId = reader.string(64, "Welcome.nodeId");
  const role = reader.string(32, "Welcome.role");
  const nonce = reader.bytes(16, 32, "Welcome.nonce");
  const proof = reader.bytes(32, 32, "Welcome.proof");
  reader.position = reader.end;
  return { version, heartbeatMs, bootId, connectionWindowBytes, streamsMax, schemaDigest, nodeId, role, nonce, proof };
}

export const WelcomeCodec: Codec<Welcome> = {
  name: "link.Welcome",
  encode: encodeWelcome,
  decode: decodeWelcome,
};

export function encodeReject(writer: Writer, message: Reject): void {
  const at1 = writer.reserve(2);
  writer.putU16(at1, message.code, "Reject.code");
  writer.string(message.message, 1024, "Reject.message");
}

export function decodeReject(reader: Reader): Reject {
  const at1 = reader.take(2);
  const code = reader.view.getUint16(at1, true);
  const message = reader.string(1024, "Reject.message");
  reader.position = reader.end;
  return { code, message };
}

export const RejectCodec: Codec<Reject> = {
  name: "link.Reject",
  encode: encodeReject,
  decode: decodeReject,
};

export function encodePing(writer: Writer, message: Ping): void {
  const at1 = writer.reserve(9);
  writer.putF64(at1, message.sentAt, "Ping.sentAt");
  writer.putU8(at1 + 8, message.load, "Ping.load");
}

export function decodePing(reader: Reader): Ping {
  const at1 = reader.take(9);
  const sentAt = reader.view.getFloat64(at1, true);
  const load = reader.view.getUint8(at1 + 8);
  reader.position = reader.end;
  return { sentAt, load };
}

export const PingCodec: Codec<Ping> = {
  name: "link.Ping",
  encode: encodePing,
  decode: decodePing,
};

export function encodePong(writer: Writer, message: Pong): void {
  const at1 = writer.reserve(9);
  writer.putF64(at1, message.sentAt, "Pong.sentAt");
  writer.putU8(at1 + 8, message.load, "Pong.load");
}

export function decodePong(reader: Reader): Pong {
  const at1 = reader.take(9);
  const sentAt = reader.view.getFloat64(at1, true);
  const load = reader.view.getUint8(at1 + 8);
  reader.position = reader.end;
  return { sentAt, load };
}

export const PongCodec: Codec<Pong> = {
  name: "link.Pong",
  encode: encodePong,
  decode: decodePong,
};

export function encodeGoAway(writer: Writer, message: GoAway): void {
  const at1 = writer.reserve(6);
  writer.putU32(at1, message.graceMs, "GoAway.graceMs");
  writer.putU16(at1 + 4, message.code, "GoAway.code");
  writer.string(message.message, 1024, "GoAway.message");
}

export function decodeGoAway(reader: Reader): GoAway {
  const at1 = reader.take(6);
  const graceMs = reader.view.getUint32(at1, true);
  const code = reader.view.getUint16(at1 + 4, true);
  const message = reader.string(1024, "GoAway.message");
  reader.position = reader.end;
  return { graceMs, code, message };
}

export const GoAwayCodec: Codec<GoAway> = {
  name: "link.GoAway",
  encode: encodeGoAway,
  decode: decodeGoAway,
};

export function encodeCreditGrant(writer: Writer, message: CreditGrant): void {
  const at1 = writer.reserve(6);
  writer.putU32(at1, message.stream, "CreditGrant.stream");
  writer.putU16(at1 + 4, message.messages, "CreditGrant.messages");
}

export function decodeCreditGrant(reader: Reader): CreditGrant {
  const at1 = reader.take(6);
  const stream = reader.view.getUint32(at1, true);
  const messages = reader.view.getUint16(at1 + 4, true);
  reader.position = reader.end;
  return { stream, messages };
}

export const CreditGrantCodec: Codec<CreditGrant> = {
  name: "link.CreditGrant",
  encode: encodeCreditGrant,
  decode: decodeCreditGrant,
};

export function encodeCredit(writer: Writer, message: Credit): void {
  const at1 = writer.reserve(4);
  writer.putU32(at1, message.connectionBytes, "Credit.connectionBytes");
  writer.count(message.grants.length, 65536, "Credit.grants");
  for (const item of message.grants) {
    const at2 = writer.open();
    encodeCreditGrant(writer, item);
    writer.close(at2);
  }
}

export function decodeCredit(reader: Reader): Credit {
  const at1 = reader.take(4);
  const connectionBytes = reader.view.getUint32(at1, true);
  const at2 = reader.count(65536, 4, "Credit.grants");
  const at3: CreditGrant[] = [];
  for (let index = 0; index < at2; index++) {
    const end1 = reader.enter("Credit.grants");
    at3.push(decodeCreditGrant(reader));
    reader.leave(end1);
  }
  const grants = at3;
  reader.position = reader.end;
  return { connectionBytes, grants };
}

export const CreditCodec: Codec<Credit> = {
  name: "link.Credit",
  encode: encodeCredit,
  decode: decodeCredit,
};

export function encodeErrorBody(writer: Writer, message: ErrorBody): void {
  const at1 = writer.reserve(2);
  writer.putU16(at1, message.number, "ErrorBody.number");
  writer.string(message.message, 4096, "ErrorBody.message");
  if (message.retryAfterMs === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU32(writer.reserve(4), message.retryAfterMs, "ErrorBody.retryAfterMs");
  }
  if (message.details === undefined) {
    writer.absent();
  } else {
    writer.string(message.details, 65536, "ErrorBody.details");
  }
}

export function decodeErrorBody(reader: Reader): ErrorBody {
  const at1 = reader.take(2);
  const number = reader.view.getUint16(at1, true);
  const message = reader.string(4096, "ErrorBody.message");
  const retryAfterMs = !reader.isPresent("ErrorBody.retryAfterMs") ? undefined : reader.view.getUint32(reader.take(4), true);
  const details = reader.isAbsent() ? undefined : reader.string(65536, "ErrorBody.details");
  reader.position = reader.end;
  return { number, message, retryAfterMs, details };
}

export const ErrorBodyCodec: Codec<ErrorBody> = {
  name: "link.ErrorBody",
  encode: encodeErrorBody,
  decode: decodeErrorBody,
};

export function encodeCallHeader(writer: Writer, message: CallHeader): void {
  const at1 = writer.reserve(8);
  writer.putU32(at1, message.deadlineMs, "CallHeader.deadlineMs");
  writer.putU32(at1 + 4, message.credit, "CallHeader.credit");
}

export function decodeCallHeader(reader: Reader): CallHeader {
  const at1 = reader.take(8);
  const deadlineMs = reader.view.getUint32(at1, true);
  const credit = reader.view.getUint32(at1 + 4, true);
  reader.position = reader.end;
  return { deadlineMs, credit };
}

export const CallHeaderCodec: Codec<CallHeader> = {
  name: "link.CallHeader",
  encode: encodeCallHeader,
  decode: decodeCallHeader,
};
