// Generated from gossip.xml, digest eea6ff1373ae6d2f. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import { outOfBounds } from "@tidewire/wire";
import type {
  Ack,
  Alive,
  Conflict,
  Dead,
  ExchangeRequest,
  ExchangeResponse,
  GossipPacket,
  GossipPart,
  Left,
  MemberLifecycle,
  Nack,
  NackReason,
  Ping,
  PingRequest,
  Severity,
  Suspect,
  SyncEntry,
  SyncOutcome,
  SyncPush,
  SyncPushed,
  SyncRequest,
  SyncResponse,
} from "./gossip-types.ts";

export function numberOfMemberLifecycle(value: MemberLifecycle, field: string): number {
  switch (value) {
    case "joining":
      return 1;
    case "active":
      return 2;
    case "draining":
      return 3;
    default:
      throw outOfBounds(field, "a MemberLifecycle");
  }
}

export function memberLifecycleOf(number: number, field: string): MemberLifecycle {
  switch (number) {
    case 1:
      return "joining";
    case 2:
      return "active";
    case 3:
      return "draining";
    default:
      throw outOfBounds(field, "a MemberLifecycle");
  }
}

export function numberOfSeverity(value: Severity, field: string): number {
  switch (value) {
    case "alive":
      return 1;
    case "suspect":
      return 2;
    case "dead":
      return 3;
    case "left":
      return 4;
    default:
      throw outOfBounds(field, "a Severity");
  }
}

export function severityOf(number: number, field: string): Severity {
  switch (number) {
    case 1:
      return "alive";
    case 2:
      return "suspect";
    case 3:
      return "dead";
    case 4:
      return "left";
    default:
      throw outOfBounds(field, "a Severity");
  }
}

export function numberOfNackReason(value: NackReason, field: string): number {
  switch (value) {
    case "silent":
      return 1;
    case "identity":
      return 2;
    case "notReady":
      return 3;
    default:
      throw outOfBounds(field, "a NackReason");
  }
}

export function nackReasonOf(number: number, field: string): NackReason {
  switch (number) {
    case 1:
      return "silent";
    case 2:
      return "identity";
    case 3:
      return "notReady";
    default:
      throw outOfBounds(field, "a NackReason");
  }
}

export function numberOfSyncOutcome(value: SyncOutcome, field: string): number {
  switch (value) {
    case "same":
      return 1;
    case "differs":
      return 2;
    case "notReady":
      return 3;
    case "refused":
      return 4;
    default:
      throw outOfBounds(field, "a SyncOutcome");
  }
}

export function syncOutcomeOf(number: number, field: string): SyncOutcome {
  switch (number) {
    case 1:
      return "same";
    case 2:
      return "differs";
    case 3:
      return "notReady";
    case 4:
      return "refused";
    default:
      throw outOfBounds(field, "a SyncOutcome");
  }
}

export function encodeAlive(writer: Writer, message: Alive): void {
  writer.string(message.id, 64, "Alive.id");
  const at1 = writer.reserve(12);
  writer.putU53(at1, message.boot, "Alive.boot");
  writer.putU32(at1 + 8, message.incarnation, "Alive.incarnation");
  writer.string(message.gossipAddress, 128, "Alive.gossipAddress");
  writer.string(message.role, 32, "Alive.role");
  writer.string(message.zone, 64, "Alive.zone");
  const at2 = writer.reserve(1);
  writer.putU8(at2, message.weight, "Alive.weight");
  writer.string(message.linkAddress, 256, "Alive.linkAddress");
  const at3 = writer.reserve(11);
  writer.putU8(at3, numberOfMemberLifecycle(message.lifecycle, "Alive.lifecycle"), "Alive.lifecycle");
  writer.putU53(at3 + 1, message.stamp, "Alive.stamp");
  writer.putU8(at3 + 9, message.protocolMin, "Alive.protocolMin");
  writer.putU8(at3 + 10, message.protocolMax, "Alive.protocolMax");
}

export function decodeAlive(reader: Reader): Alive {
  const id = reader.string(64, "Alive.id");
  const at1 = reader.take(12);
  const boot = reader.u53(at1, "Alive.boot");
  const incarnation = reader.view.getUint32(at1 + 8, true);
  const gossipAddress = reader.string(128, "Alive.gossipAddress");
  const role = reader.string(32, "Alive.role");
  const zone = reader.string(64, "Alive.zone");
  const at2 = reader.take(1);
  const weight = reader.view.getUint8(at2);
  const linkAddress = reader.string(256, "Alive.linkAddress");
  const at3 = reader.take(11);
  const lifecycle = memberLifecycleOf(reader.view.getUint8(at3), "Alive.lifecycle");
  const stamp = reader.u53(at3 + 1, "Alive.stamp");
  const protocolMin = reader.view.getUint8(at3 + 9);
  const protocolMax = reader.view.getUint8(at3 + 10);
  reader.position = reader.end;
  return { id, boot, incarnation, gossipAddress, role, zone, weight, linkAddress, lifecycle, stamp, protocolMin, protocolMax };
}

export const AliveCodec: Codec<Alive> = {
  name: "gossip.Alive",
  encode: encodeAlive,
  decode: decodeAlive,
};

export function encodeSuspect(writer: Writer, message: Suspect): void {
  writer.string(message.id, 64, "Suspect.id");
  const at1 = writer.reserve(12);
  writer.putU53(at1, message.boot, "Suspect.boot");
  writer.putU32(at1 + 8, message.incarnation, "Suspect.incarnation");
  writer.string(message.from, 64, "Suspect.from");
}

export function decodeSuspect(reader: Reader): Suspect {
  const id = reader.string(64, "Suspect.id");
  const at1 = reader.take(12);
  const boot = reader.u53(at1, "Suspect.boot");
  const incarnation = reader.view.getUint32(at1 + 8, true);
  const from = reader.string(64, "Suspect.from");
  reader.position = reader.end;
  return { id, boot, incarnation, from };
}

export const SuspectCodec: Codec<Suspect> = {
  name: "gossip.Suspect",
  encode: encodeSuspect,
  decode: decodeSuspect,
};

export function encodeDead(writer: Writer, message: Dead): void {
  writer.string(message.id, 64, "Dead.id");
  const at1 = writer.reserve(12);
  writer.putU53(at1, message.boot, "Dead.boot");
  writer.putU32(at1 + 8, message.incarnation, "Dead.incarnation");
  writer.string(message.from, 64, "Dead.from");
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.stamp, "Dead.stamp");
}

export function decodeDead(reader: Reader): Dead {
  const id = reader.string(64, "Dead.id");
  const at1 = reader.take(12);
  const boot = reader.u53(at1, "Dead.boot");
  const incarnation = reader.view.getUint32(at1 + 8, true);
  const from = reader.string(64, "Dead.from");
  const at2 = reader.take(8);
  const stamp = reader.u53(at2, "Dead.stamp");
  reader.position = reader.end;
  return { id, boot, incarnation, from, stamp };
}

export const DeadCodec: Codec<Dead> = {
  name: "gossip.Dead",
  encode: encodeDead,
  decode: decodeDead,
};

export function encodeLeft(writer: Writer, message: Left): void {
  writer.string(message.id, 64, "Left.id");
  const at1 = writer.reserve(20);
  writer.putU53(at1, message.boot, "Left.boot");
  writer.putU32(at1 + 8, message.incarnation, "Left.incarnation");
  writer.putU53(at1 + 12, message.stamp, "Left.stamp");
}

export function decodeLeft(reader: Reader): Left {
  const id = reader.string(64, "Left.id");
  const at1 = reader.take(20);
  const boot = reader.u53(at1, "Left.boot");
  const incarnation = reader.view.getUint32(at1 + 8, true);
  const stamp = reader.u53(at1 + 12, "Left.stamp");
  reader.position = reader.end;
  return { id, boot, incarnation, stamp };
}

export const LeftCodec: Codec<Left> = {
  name: "gossip.Left",
  encode: encodeLeft,
  decode: decodeLeft,
};

export function encodeConflict(writer: Writer, message: Conflict): void {
  writer.string(message.id, 64, "Conflict.id");
  const at1 = writer.reserve(8);
  writer.putU53(at1, message.boot, "Conflict.boot");
  writer.string(message.gossipAddress, 128, "Conflict.gossipAddress");
}

export function decodeConflict(reader: Reader): Conflict {
  const id = reader.string(64, "Conflict.id");
  const at1 = reader.take(8);
  const boot = reader.u53(at1, "Conflict.boot");
  const gossipAddress = reader.string(128, "Conflict.gossipAddress");
  reader.position = reader.end;
  return { id, boot, gossipAddress };
}

export const ConflictCodec: Codec<Conflict> = {
  name: "gossip.Conflict",
  encode: encodeConflict,
  decode: decodeConflict,
};

export function encodePing(writer: Writer, message: Ping): void {
  const at1 = writer.reserve(4);
  writer.putU32(at1, message.seq, "Ping.seq");
  writer.string(message.targetId, 64, "Ping.targetId");
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.targetBoot, "Ping.targetBoot");
  writer.string(message.sourceId, 64, "Ping.sourceId");
  const at3 = writer.reserve(25);
  writer.putU53(at3, message.sourceBoot, "Ping.sourceBoot");
  writer.putU53(at3 + 8, message.digest, "Ping.digest");
  writer.putU53(at3 + 16, message.version, "Ping.version");
  writer.putU8(at3 + 24, message.localHealth, "Ping.localHealth");
}

export function decodePing(reader: Reader): Ping {
  const at1 = reader.take(4);
  const seq = reader.view.getUint32(at1, true);
  const targetId = reader.string(64, "Ping.targetId");
  const at2 = reader.take(8);
  const targetBoot = reader.u53(at2, "Ping.targetBoot");
  const sourceId = reader.string(64, "Ping.sourceId");
  const at3 = reader.take(25);
  const sourceBoot = reader.u53(at3, "Ping.sourceBoot");
  const digest = reader.u53(at3 + 8, "Ping.digest");
  const version = reader.u53(at3 + 16, "Ping.version");
  const localHealth = reader.view.getUint8(at3 + 24);
  reader.position = reader.end;
  return { seq, targetId, targetBoot, sourceId, sourceBoot, digest, version, localHealth };
}

export const PingCodec: Codec<Ping> = {
  name: "gossip.Ping",
  encode: encodePing,
  decode: decodePing,
};

export function encodeAck(writer: Writer, message: Ack): void {
  const at1 = writer.reserve(32);
  writer.putU32(at1, message.seq, "Ack.seq");
  writer.putU53(at1 + 4, message.boot, "Ack.boot");
  writer.putU53(at1 + 12, message.digest, "Ack.digest");
  writer.putU53(at1 + 20, message.version, "Ack.version");
  writer.putU32(at1 + 28, message.lagMs, "Ack.lagMs");
  writer.count(message.keyIds.length, 8, "Ack.keyIds");
  for (const item of message.keyIds) {
    writer.putU32(writer.reserve(4), item, "Ack.keyIds");
  }
}

export function decodeAck(reader: Reader): Ack {
  const at1 = reader.take(32);
  const seq = reader.view.getUint32(at1, true);
  const boot = reader.u53(at1 + 4, "Ack.boot");
  const digest = reader.u53(at1 + 12, "Ack.digest");
  const version = reader.u53(at1 + 20, "Ack.version");
  const lagMs = reader.view.getUint32(at1 + 28, true);
  const at2 = reader.count(8, 4, "Ack.keyIds");
  const at3: number[] = [];
  for (let index = 0; index < at2; index++) {
    at3.push(reader.view.getUint32(reader.take(4), true));
  }
  const keyIds = at3;
  reader.position = reader.end;
  return { seq, boot, digest, version, lagMs, keyIds };
}

export const AckCodec: Codec<Ack> = {
  name: "gossip.Ack",
  encode: encodeAck,
  decode: decodeAck,
};

export function encodePingRequest(writer: Writer, message: PingRequest): void {
  const at1 = writer.reserve(4);
  writer.putU32(at1, message.seq, "PingRequest.seq");
  writer.string(message.targetId, 64, "PingRequest.targetId");
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.targetBoot, "PingRequest.targetBoot");
  writer.string(message.targetAddress, 128, "PingRequest.targetAddress");
  const at3 = writer.reserve(4);
  writer.putU32(at3, message.budgetMs, "PingRequest.budgetMs");
  writer.string(message.sourceId, 64, "PingRequest.sourceId");
  const at4 = writer.reserve(8);
  writer.putU53(at4, message.sourceBoot, "PingRequest.sourceBoot");
}

export function decodePingRequest(reader: Reader): PingRequest {
  const at1 = reader.take(4);
  const seq = reader.view.getUint32(at1, true);
  const targetId = reader.string(64, "PingRequest.targetId");
  const at2 = reader.take(8);
  const targetBoot = reader.u53(at2, "PingRequest.targetBoot");
  const targetAddress = reader.string(128, "PingRequest.targetAddress");
  const at3 = reader.take(4);
  const budgetMs = reader.view.getUint32(at3, true);
  const sourceId = reader.string(64, "PingRequest.sourceId");
  const at4 = reader.take(8);
  const sourceBoot = reader.u53(at4, "PingRequest.sourceBoot");
  reader.position = reader.end;
  return { seq, targetId, targetBoot, targetAddress, budgetMs, sourceId, sourceBoot };
}

export const PingRequestCodec: Codec<PingRequest> = {
  name: "gossip.PingRequest",
  encode: encodePingRequest,
  decode: decodePingRequest,
};

export function encodeNack(writer: Writer, message: Nack): void {
  const at1 = writer.reserve(5);
  writer.putU32(at1, message.seq, "Nack.seq");
  writer.putU8(at1 + 4, numberOfNackReason(message.reason, "Nack.reason"), "Nack.reason");
  writer.string(message.id, 64, "Nack.id");
  const at2 = writer.reserve(8);
  writer.putU53(at2, message.boot, "Nack.boot");
}

export function decodeNack(reader: Reader): Nack {
  const at1 = reader.take(5);
  const seq = reader.view.getUint32(at1, true);
  const reason = nackReasonOf(reader.view.getUint8(at1 + 4), "Nack.reason");
  const id = reader.string(64, "Nack.id");
  const at2 = reader.take(8);
  const boot = reader.u53(at2, "Nack.boot");
  reader.position = reader.end;
  return { seq, reason, id, boot };
}

export const NackCodec: Codec<Nack> = {
  name: "gossip.Nack",
  encode: encodeNack,
  decode: decodeNack,
};

export function encodeGossipPacket(writer: Writer, message: GossipPacket): void {
  writer.count(message.parts.length, 64, "GossipPacket.parts");
  for (const item of message.parts) {
    writer.bytes(item, 0, 1200, "GossipPacket.parts");
  }
}

export function decodeGossipPacket(reader: Reader): GossipPacket {
  const at1 = reader.count(64, 4, "GossipPacket.parts");
  const at2: Uint8Array[] = [];
  for (let index = 0; index < at1; index++) {
    at2.push(reader.bytes(0, 1200, "GossipPacket.parts"));
  }
  const parts = at2;
  reader.position = reader.end;
  return { parts };
}

export const GossipPacketCodec: Codec<GossipPacket> = {
  name: "gossip.GossipPacket",
  encode: encodeGossipPacket,
  decode: decodeGossipPacket,
};

export function encodeSyncEntry(writer: Writer, message: SyncEntry): void {
  writer.string(message.id, 64, "SyncEntry.id");
  const at1 = writer.reserve(29);
  writer.putU53(at1, message.boot, "SyncEntry.boot");
  writer.putU32(at1 + 8, message.incarnation, "SyncEntry.incarnation");
  writer.putU8(at1 + 12, numberOfSeverity(message.severity, "SyncEntry.severity"), "SyncEntry.severity");
  writer.putU53(at1 + 13, message.stamp, "SyncEntry.stamp");
  writer.putU53(at1 + 21, message.ageMs, "SyncEntry.ageMs");
  if (message.record === undefined) {
    writer.absent();
  } else {
    const at2 = writer.open();
    encodeAlive(writer, message.record);
    writer.close(at2);
  }
}

export function decodeSyncEntry(reader: Reader): SyncEntry {
  const id = reader.string(64, "SyncEntry.id");
  const at1 = reader.take(29);
  const boot = reader.u53(at1, "SyncEntry.boot");
  const incarnation = reader.view.getUint32(at1 + 8, true);
  const severity = severityOf(reader.view.getUint8(at1 + 12), "SyncEntry.severity");
  const stamp = reader.u53(at1 + 13, "SyncEntry.stamp");
  const ageMs = reader.u53(at1 + 21, "SyncEntry.ageMs");
  let record: Alive | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("SyncEntry.record");
    record = decodeAlive(reader);
    reader.leave(end1);
  }
  reader.position = reader.end;
  return { id, boot, incarnation, severity, stamp, ageMs, record };
}

export const SyncEntryCodec: Codec<SyncEntry> = {
  name: "gossip.SyncEntry",
  encode: encodeSyncEntry,
  decode: decodeSyncEntry,
};

export function encodeSyncRequest(writer: Writer, message: SyncRequest): void {
  writer.string(message.label, 128, "SyncRequest.label");
  const at1 = writer.reserve(1);
  writer.putBool(at1, message.isJoin, "SyncRequest.isJoin");
  writer.string(message.sourceId, 64, "SyncRequest.sourceId");
  const at2 = writer.reserve(18);
  writer.putU53(at2, message.sourceBoot, "SyncRequest.sourceBoot");
  writer.putU8(at2 + 8, message.protocolMin, "SyncRequest.protocolMin");
  writer.putU8(at2 + 9, message.protocolMax, "SyncRequest.protocolMax");
  writer.putU53(at2 + 10, message.version, "SyncRequest.version");
  writer.count(message.buckets.length, 64, "SyncRequest.buckets");
  for (const item of message.buckets) {
    writer.putU32(writer.reserve(4), item, "SyncRequest.buckets");
  }
}

export function decodeSyncRequest(reader: Reader): SyncRequest {
  const label = reader.string(128, "SyncRequest.label");
  const at1 = reader.take(1);
  const isJoin = reader.bool(at1, "SyncRequest.isJoin");
  const sourceId = reader.string(64, "SyncRequest.sourceId");
  const at2 = reader.take(18);
  const sourceBoot = reader.u53(at2, "SyncRequest.sourceBoot");
  const protocolMin = reader.view.getUint8(at2 + 8);
  const protocolMax = reader.view.getUint8(at2 + 9);
  const version = reader.u53(at2 + 10, "SyncRequest.version");
  const at3 = reader.count(64, 4, "SyncRequest.buckets");
  const at4: number[] = [];
  for (let index = 0; index < at3; index++) {
    at4.push(reader.view.getUint32(reader.take(4), true));
  }
  const buckets = at4;
  reader.position = reader.end;
  return { label, isJoin, sourceId, sourceBoot, protocolMin, protocolMax, version, buckets };
}

export const SyncRequestCodec: Codec<SyncRequest> = {
  name: "gossip.SyncRequest",
  encode: encodeSyncRequest,
  decode: decodeSyncRequest,
};

export function encodeSyncResponse(writer: Writer, message: SyncResponse): void {
  const at1 = writer.reserve(1);
  writer.putU8(at1, numberOfSyncOutcome(message.outcome, "SyncResponse.outcome"), "SyncResponse.outcome");
  writer.string(message.sourceId, 64, "SyncResponse.sourceId");
  const at2 = writer.reserve(16);
  writer.putU53(at2, message.sourceBoot, "SyncResponse.sourceBoot");
  writer.putU53(at2 + 8, message.version, "SyncResponse.version");
  writer.count(message.buckets.length, 64, "SyncResponse.buckets");
  for (const item of message.buckets) {
    writer.putU32(writer.reserve(4), item, "SyncResponse.buckets");
  }
  writer.count(message.entries.length, 65536, "SyncResponse.entries");
  for (const item of message.entries) {
    const at3 = writer.open();
    encodeSyncEntry(writer, item);
    writer.close(at3);
  }
}

export function decodeSyncResponse(reader: Reader): SyncResponse {
  const at1 = reader.take(1);
  const outcome = syncOutcomeOf(reader.view.getUint8(at1), "SyncResponse.outcome");
  const sourceId = reader.string(64, "SyncResponse.sourceId");
  const at2 = reader.take(16);
  const sourceBoot = reader.u53(at2, "SyncResponse.sourceBoot");
  const version = reader.u53(at2 + 8, "SyncResponse.version");
  const at3 = reader.count(64, 4, "SyncResponse.buckets");
  const at4: number[] = [];
  for (let index = 0; index < at3; index++) {
    at4.push(reader.view.getUint32(reader.take(4), true));
  }
  const buckets = at4;
  const at5 = reader.count(65536, 4, "SyncResponse.entries");
  const at6: SyncEntry[] = [];
  for (let index = 0; index < at5; index++) {
    const end1 = reader.enter("SyncResponse.entries");
    at6.push(decodeSyncEntry(reader));
    reader.leave(end1);
  }
  const entries = at6;
  reader.position = reader.end;
  return { outcome, sourceId, sourceBoot, version, buckets, entries };
}

export const SyncResponseCodec: Codec<SyncResponse> = {
  name: "gossip.SyncResponse",
  encode: encodeSyncResponse,
  decode: decodeSyncResponse,
};

export function encodeSyncPush(writer: Writer, message: SyncPush): void {
  writer.string(message.label, 128, "SyncPush.label");
  writer.string(message.sourceId, 64, "SyncPush.sourceId");
  const at1 = writer.reserve(1);
  writer.putBool(at1, message.isNewcomer, "SyncPush.isNewcomer");
  writer.count(message.entries.length, 65536, "SyncPush.entries");
  for (const item of message.entries) {
    const at2 = writer.open();
    encodeSyncEntry(writer, item);
    writer.close(at2);
  }
}

export function decodeSyncPush(reader: Reader): SyncPush {
  const label = reader.string(128, "SyncPush.label");
  const sourceId = reader.string(64, "SyncPush.sourceId");
  const at1 = reader.take(1);
  const isNewcomer = reader.bool(at1, "SyncPush.isNewcomer");
  const at2 = reader.count(65536, 4, "SyncPush.entries");
  const at3: SyncEntry[] = [];
  for (let index = 0; index < at2; index++) {
    const end1 = reader.enter("SyncPush.entries");
    at3.push(decodeSyncEntry(reader));
    reader.leave(end1);
  }
  const entries = at3;
  reader.position = reader.end;
  return { label, sourceId, isNewcomer, entries };
}

export const SyncPushCodec: Codec<SyncPush> = {
  name: "gossip.SyncPush",
  encode: encodeSyncPush,
  decode: decodeSyncPush,
};

export function encodeSyncPushed(_writer: Writer, _message: SyncPushed): void {
}

export function decodeSyncPushed(reader: Reader): SyncPushed {
  reader.position = reader.end;
  return {};
}

export const SyncPushedCodec: Codec<SyncPushed> = {
  name: "gossip.SyncPushed",
  encode: encodeSyncPushed,
  decode: decodeSyncPushed,
};

export function encodeGossipPart(writer: Writer, union: GossipPart): void {
  switch (union.kind) {
    case "ping":
      writer.putU8(writer.reserve(1), 1, "GossipPart");
      encodePing(writer, union.value);
      return;
    case "ack":
      writer.putU8(writer.reserve(1), 2, "GossipPart");
      encodeAck(writer, union.value);
      return;
    case "pingRequest":
      writer.putU8(writer.reserve(1), 3, "GossipPart");
      encodePingRequest(writer, union.value);
      return;
    case "nack":
      writer.putU8(writer.reserve(1), 4, "GossipPart");
      encodeNack(writer, union.value);
      return;
    case "alive":
      writer.putU8(writer.reserve(1), 5, "GossipPart");
      encodeAlive(writer, union.value);
      return;
    case "suspect":
      writer.putU8(writer.reserve(1), 6, "GossipPart");
      encodeSuspect(writer, union.value);
      return;
    case "dead":
      writer.putU8(writer.reserve(1), 7, "GossipPart");
      encodeDead(writer, union.value);
      return;
    case "left":
      writer.putU8(writer.reserve(1), 8, "GossipPart");
      encodeLeft(writer, union.value);
      return;
    case "conflict":
      writer.putU8(writer.reserve(1), 9, "GossipPart");
      encodeConflict(writer, union.value);
      return;
    default:
      throw outOfBounds("GossipPart", "a variant of GossipPart");
  }
}

export function decodeGossipPart(reader: Reader): GossipPart {
  switch (reader.view.getUint8(reader.take(1))) {
    case 1:
      return { kind: "ping", value: decodePing(reader) };
    case 2:
      return { kind: "ack", value: decodeAck(reader) };
    case 3:
      return { kind: "pingRequest", value: decodePingRequest(reader) };
    case 4:
      return { kind: "nack", value: decodeNack(reader) };
    case 5:
      return { kind: "alive", value: decodeAlive(reader) };
    case 6:
      return { kind: "suspect", value: decodeSuspect(reader) };
    case 7:
      return { kind: "dead", value: decodeDead(reader) };
    case 8:
      return { kind: "left", value: decodeLeft(reader) };
    case 9:
      return { kind: "conflict", value: decodeConflict(reader) };
    default:
      reader.position = reader.end;
      return { kind: "unknown", value: undefined };
  }
}

export const GossipPartCodec: Codec<GossipPart> = {
  name: "gossip.GossipPart",
  encode: encodeGossipPart,
  decode: decodeGossipPart,
};

export function encodeExchangeRequest(writer: Writer, union: ExchangeRequest): void {
  switch (union.kind) {
    case "sync":
      writer.putU8(writer.reserve(1), 1, "ExchangeRequest");
      encodeSyncRequest(writer, union.value);
      return;
    case "push":
      writer.putU8(writer.reserve(1), 2, "ExchangeRequest");
      encodeSyncPush(writer, union.value);
      return;
    case "ping":
      writer.putU8(writer.reserve(1), 3, "ExchangeRequest");
      encodePing(writer, union.value);
      return;
    default:
      throw outOfBounds("ExchangeRequest", "a variant of ExchangeRequest");
  }
}

export function decodeExchangeRequest(reader: Reader): ExchangeRequest {
  switch (reader.view.getUint8(reader.take(1))) {
    case 1:
      return { kind: "sync", value: decodeSyncRequest(reader) };
    case 2:
      return { kind: "push", value: decodeSyncPush(reader) };
    case 3:
      return { kind: "ping", value: decodePing(reader) };
    default:
      throw outOfBounds("ExchangeRequest", "a known variant");
  }
}

export const ExchangeRequestCodec: Codec<ExchangeRequest> = {
  name: "gossip.ExchangeRequest",
  encode: encodeExchangeRequest,
  decode: decodeExchangeRequest,
};

export function encodeExchangeResponse(writer: Writer, union: ExchangeResponse): void {
  switch (union.kind) {
    case "sync":
      writer.putU8(writer.reserve(1), 1, "ExchangeResponse");
      encodeSyncResponse(writer, union.value);
      return;
    case "pushed":
      writer.putU8(writer.reserve(1), 2, "ExchangeResponse");
      encodeSyncPushed(writer, union.value);
      return;
    case "ack":
      writer.putU8(writer.reserve(1), 3, "ExchangeResponse");
      encodeAck(writer, union.value);
      return;
    case "nack":
      writer.putU8(writer.reserve(1), 4, "ExchangeResponse");
      encodeNack(writer, union.value);
      return;
    default:
      throw outOfBounds("ExchangeResponse", "a variant of ExchangeResponse");
  }
}

export function decodeExchangeResponse(reader: Reader): ExchangeResponse {
  switch (reader.view.getUint8(reader.take(1))) {
    case 1:
      return { kind: "sync", value: decodeSyncResponse(reader) };
    case 2:
      return { kind: "pushed", value: decodeSyncPushed(reader) };
    case 3:
      return { kind: "ack", value: decodeAck(reader) };
    case 4:
      return { kind: "nack", value: decodeNack(reader) };
    default:
      throw outOfBounds("ExchangeResponse", "a known variant");
  }
}

export const ExchangeResponseCodec: Codec<ExchangeResponse> = {
  name: "gossip.ExchangeResponse",
  encode: encodeExchangeResponse,
  decode: decodeExchangeResponse,
};
