import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { create, createFileRegistry, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { builtFile } from "../shared/built-file.ts";
import type { CodecVariant, MessageCodec } from "./codec-variant.ts";
import { sameMessage } from "./same-message.ts";

/** `FRAME_KIND_DELTA`. */
const DELTA = 2;

/** The part of protobufjs' static code that is used. */
interface StaticType<Plain> {
  create(properties: Plain): Plain;
  encode(message: Plain): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Plain;
}

interface StaticModule {
  readonly tidewire: {
    readonly host: {
      readonly v1: Readonly<Record<"ViewerFrame" | "SendRequest" | "SendResponse", StaticType<unknown>>>;
    };
  };
}

/** The static code of protobufjs, 64-bit integers as numbers: its fastest form. */
export const protobufjs: CodecVariant = (messages) => {
  const require = createRequire(import.meta.url);
  // Where the package `long` happens to be installed, every 64-bit integer would become an object.
  const runtime = require("protobufjs/minimal") as { util: { Long: unknown }; configure(): void };
  runtime.util.Long = undefined;
  runtime.configure();
  const module = require(builtFile("host-protobuf.cjs")) as StaticModule;
  const { ViewerFrame, SendRequest, SendResponse } = module.tidewire.host.v1;
  const codec = <Plain>(type: StaticType<unknown>, plain: Plain, depend: (decoded: Plain) => number): MessageCodec => {
    const message = type.create(plain);
    const encode = (): Uint8Array => type.encode(message).finish();
    const bytes = encode();
    return {
      encode: () => encode().length,
      decode: () => depend(type.decode(bytes) as Plain),
      verify: () => sameMessage(type.decode(bytes), plain),
    };
  };
  const { data, seq } = messages.viewerFrame;
  return {
    viewerFrame: codec(ViewerFrame, { kind: DELTA, seq, data }, (frame) => frame.data.length),
    sendRequest: codec(SendRequest, defined(messages.sendRequest), (request) => request.tableVersion),
    sendResponse: codec(SendResponse, messages.sendResponse, (response) => response.seq),
  };
};

/** `@bufbuild/protobuf` over the same definition; it has one speed, whether its code was generated or read from descriptors. */
export const protobufEs: CodecVariant = (messages) => {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(builtFile("host-descriptors.bin")));
  const registry = createFileRegistry(set);
  const codec = (name: string, plain: object, depend: (decoded: Record<string, unknown>) => number): MessageCodec => {
    const schema = registry.getMessage(`tidewire.host.v1.${name}`) as DescMessage;
    const message: Message = create(schema, plain as never);
    const bytes = toBinary(schema, message);
    const decode = (): Record<string, unknown> => fromBinary(schema, bytes);
    return {
      encode: () => toBinary(schema, message).length,
      decode: () => depend(decode()),
      verify: () => sameMessage(decode(), plain),
    };
  };
  const { data, seq } = messages.viewerFrame;
  const { sendRequest, sendResponse } = messages;
  return {
    viewerFrame: codec(
      "ViewerFrame",
      { kind: DELTA, seq: BigInt(seq), data },
      (frame) => (frame["data"] as Uint8Array).length,
    ),
    sendRequest: codec(
      "SendRequest",
      { ...defined(sendRequest), tableVersion: BigInt(sendRequest.tableVersion) },
      (request) => Number(request["tableVersion"]),
    ),
    sendResponse: codec("SendResponse", { ...sendResponse, seq: BigInt(sendResponse.seq) }, (response) =>
      Number(response["seq"]),
    ),
  };
};

function defined<Plain extends object>(message: Plain): Plain {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as Plain;
}
