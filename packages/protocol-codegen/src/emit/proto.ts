import { protoEnumValueOf, protoStreamUpOf, upperFirst } from "../model/generated-names.ts";
import type {
  EnumType,
  Field,
  MessageType,
  Method,
  Protocol,
  ScalarName,
  Service,
  Stream,
  UnionType,
} from "../model/protocol.ts";
import { Printer } from "./printer.ts";

/**
 * The same protocol for gRPC. Field ids are the field numbers, unions are messages with one `oneof`, and enums get the
 * zero value that proto3 wants. Bounds and defaults have no place there: who serves both wires checks them on arrival.
 */
export function emitProto(protocol: Protocol): string {
  const out = new Printer();
  out.line('syntax = "proto3";').line();
  out.line(`package tidewire.${protocol.name.replaceAll("-", "_")}.v${MAJOR};`);
  for (const type of protocol.enums) emitEnum(type, out);
  for (const type of protocol.messages) emitMessage(protocol, type, out);
  for (const type of protocol.unions) emitUnion(type, out);
  for (const service of protocol.services) {
    out.line();
    emitComment(service.documentation, out);
    out.block(`service ${service.name} {`, () => {
      for (const method of service.methods) emitMethod(service, method, out);
    });
    for (const method of service.methods) if (method.kind === "stream") emitStreamUp(service, method, out);
  }
  return out.toString();
}

/** Of the package name; additions within a protocol do not change it. */
const MAJOR = 1;

function emitEnum(type: EnumType, out: Printer): void {
  out.line();
  emitComment(type.documentation, out);
  out.block(`enum ${type.name} {`, () => {
    out.line(`${protoEnumValueOf(type, "unspecified")} = 0;`);
    for (const value of type.values) {
      emitComment(value.documentation, out);
      out.line(`${protoEnumValueOf(type, value.name)} = ${value.number};`);
    }
  });
}

function emitMessage(protocol: Protocol, type: MessageType, out: Printer): void {
  out.line();
  emitComment(type.documentation, out);
  out.block(`message ${type.name} {`, () => {
    for (const field of type.fields) {
      emitComment(field.documentation, out);
      out.line(`${protoTypeOf(protocol, field)} ${snakeCase(field.name)} = ${field.id};`);
    }
  });
}

function emitUnion(type: UnionType, out: Printer): void {
  out.line();
  emitComment(type.documentation, out);
  // The oneof and its members share a scope in protobuf.
  const oneof = type.variants.some((variant) => variant.name === "kind") ? "kind_" : "kind";
  out.block(`message ${type.name} {`, () =>
    out.block(`oneof ${oneof} {`, () => {
      for (const variant of type.variants) {
        emitComment(variant.documentation, out);
        out.line(`${variant.type} ${snakeCase(variant.name)} = ${variant.id};`);
      }
    }),
  );
}

function emitMethod(service: Service, method: Method, out: Printer): void {
  emitComment(method.documentation, out);
  const name = upperFirst(method.name);
  if (method.kind === "unary") out.line(`rpc ${name}(${method.request}) returns (${method.response});`);
  else out.line(`rpc ${name}(stream ${protoStreamUpOf(service, method)}) returns (stream ${method.down});`);
}

/** gRPC has no separate opening message and no credit in messages: both travel with what the opener sends. */
function emitStreamUp(service: Service, method: Stream, out: Printer): void {
  out.line().line(`// What the opener of ${method.name} sends: \`open\` first and once.`);
  out.block(`message ${protoStreamUpOf(service, method)} {`, () =>
    out.block("oneof part {", () => {
      out.line(`${method.open} open = 1;`);
      out.line(`${method.up} message = 2;`);
      out.line("// More messages the other side may send.");
      out.line("uint32 credit = 3;");
    }),
  );
}

function protoTypeOf(protocol: Protocol, field: Field): string {
  const type = field.type.kind === "scalar" ? protoScalars[field.type.name] : field.type.name;
  if (field.container === "list") return `repeated ${type}`;
  if (field.container === "map") return `map<string, ${type}>`;
  const isMessage =
    protocol.messages.some((message) => message.name === type) || protocol.unions.some((union) => union.name === type);
  return field.isOptional && !isMessage ? `optional ${type}` : type;
}

const protoScalars: Readonly<Record<ScalarName, string>> = {
  u8: "uint32",
  u16: "uint32",
  u32: "uint32",
  i32: "sint32",
  u53: "uint64",
  u64: "uint64",
  i64: "sint64",
  f64: "double",
  bool: "bool",
  string: "string",
  bytes: "bytes",
  json: "string",
};

function emitComment(text: string, out: Printer): void {
  if (text !== "") out.line(`// ${text}`);
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
