// Generated from routing.xml, digest 6e6e5ad59f5c2fac. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import { outOfBounds } from "@tidewire/wire";
import type {
  Empty,
  HostEntry,
  HostState,
  RoutingTable,
  WatchRequest,
} from "./routing-types.ts";

export function numberOfHostState(value: HostState, field: string): number {
  switch (value) {
    case "joining":
      return 1;
    case "active":
      return 2;
    case "draining":
      return 3;
    default:
      throw outOfBounds(field, "a HostState");
  }
}

export function hostStateOf(number: number, field: string): HostState {
  switch (number) {
    case 1:
      return "joining";
    case 2:
      return "active";
    case 3:
      return "draining";
    default:
      throw outOfBounds(field, "a HostState");
  }
}

export function encodeHostEntry(writer: Writer, message: HostEntry): void {
  writer.string(message.id, 64, "HostEntry.id");
  writer.string(message.address, 256, "HostEntry.address");
  writer.string(message.zone, 64, "HostEntry.zone");
  const at1 = writer.reserve(11);
  writer.putU16(at1, message.weight, "HostEntry.weight");
  writer.putU8(at1 + 2, numberOfHostState(message.state, "HostEntry.state"), "HostEntry.state");
  writer.putU53(at1 + 3, message.boot, "HostEntry.boot");
}

export function decodeHostEntry(reader: Reader): HostEntry {
  const id = reader.string(64, "HostEntry.id");
  const address = reader.string(256, "HostEntry.address");
  const zone = reader.string(64, "HostEntry.zone");
  const at1 = reader.take(11);
  const weight = reader.view.getUint16(at1, true);
  const state = hostStateOf(reader.view.getUint8(at1 + 2), "HostEntry.state");
  const boot = reader.u53(at1 + 3, "HostEntry.boot");
  reader.position = reader.end;
  return { id, address, zone, weight, state, boot };
}

export const HostEntryCodec: Codec<HostEntry> = {
  name: "routing.HostEntry",
  encode: encodeHostEntry,
  decode: decodeHostEntry,
};

export function encodeRoutingTable(writer: Writer, message: RoutingTable): void {
  const at1 = writer.reserve(12);
  writer.putU32(at1, message.epoch, "RoutingTable.epoch");
  writer.putU53(at1 + 4, message.version, "RoutingTable.version");
  writer.string(message.digest, 16, "RoutingTable.digest");
  const at2 = writer.reserve(1);
  writer.putBool(at2, message.isFrozen, "RoutingTable.isFrozen");
  writer.count(message.hosts.length, 65536, "RoutingTable.hosts");
  for (const item of message.hosts) {
    const at3 = writer.open();
    encodeHostEntry(writer, item);
    writer.close(at3);
  }
}

export function decodeRoutingTable(reader: Reader): RoutingTable {
  const at1 = reader.take(12);
  const epoch = reader.view.getUint32(at1, true);
  const version = reader.u53(at1 + 4, "RoutingTable.version");
  const digest = reader.string(16, "RoutingTable.digest");
  const at2 = reader.take(1);
  const isFrozen = reader.bool(at2, "RoutingTable.isFrozen");
  const at3 = reader.count(65536, 4, "RoutingTable.hosts");
  const at4: HostEntry[] = [];
  for (let index = 0; index < at3; index++) {
    const end1 = reader.enter("RoutingTable.hosts");
    at4.push(decodeHostEntry(reader));
    reader.leave(end1);
  }
  const hosts = at4;
  reader.position = reader.end;
  return { epoch, version, digest, isFrozen, hosts };
}

export const RoutingTableCodec: Codec<RoutingTable> = {
  name: "routing.RoutingTable",
  encode: encodeRoutingTable,
  decode: decodeRoutingTable,
};

export function encodeWatchRequest(writer: Writer, message: WatchRequest): void {
  writer.string(message.subscriber, 64, "WatchRequest.subscriber");
}

export function decodeWatchRequest(reader: Reader): WatchRequest {
  const subscriber = reader.string(64, "WatchRequest.subscriber");
  reader.position = reader.end;
  return { subscriber };
}

export const WatchRequestCodec: Codec<WatchRequest> = {
  name: "routing.WatchRequest",
  encode: encodeWatchRequest,
  decode: decodeWatchRequest,
};

export function encodeEmpty(_writer: Writer, _message: Empty): void {
}

export function decodeEmpty(reader: Reader): Empty {
  reader.position = reader.end;
  return {};
}

export const EmptyCodec: Codec<Empty> = {
  name: "routing.Empty",
  encode: encodeEmpty,
  decode: decodeEmpty,
};
