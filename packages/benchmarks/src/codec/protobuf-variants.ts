import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { create, createFileRegistry, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { builtFile } from "../shared/built-file.ts";
import type { CodecVariant, MessageCodec } from "./codec-variant.ts";
import { sameMessage } from "./same-message.ts";
import type { SampleMessages } from "./sample-messages.ts";

const SLAB_BYTES = 16 * 1024;
/** `FRAME_KIND_DELTA`. */
const DELTA = 2;

/** The part of protobufjs that is used. */
interface ProtobufWriter {
  pos: number;
  readonly buf: Uint8Array;
  finish(): Uint8Array;
}

interface Runtime {
  readonly util: { Long: unknown; readonly Buffer: unknown };
  readonly Writer: { initialBufferSize: number; create(): ProtobufWriter };
  readonly BufferWriter: new () => ProtobufWriter;
  configure(): void;
}

interface StaticType<Plain> {
  create(properties: Plain): Plain;
  encode(message: Plain, writer?: ProtobufWriter): ProtobufWriter;
  decode(bytes: Uint8Array): Plain;
}

interface StaticModule {
  readonly tidewire: {
    readonly host: {
      readonly v1: Readonly<Record<"ViewerFrame" | "SendRequest" | "SendResponse", StaticType<unknown>>>;
    };
  };
}

/** As its documentation and gRPC use it: every message ends up in a buffer of its own. */
export const protobufjs: CodecVariant = (messages) => {
  const { types } = protobufRuntime();
  return protobufCodecs(messages, types, (type, message) => type.encode(message).finish().length);
};

/** One writer over a slab that is large enough, set back for every message, as the generated codec does it. */
export const protobufjsReused: CodecVariant = (messages) => {
  const { runtime, types } = protobufRuntime();
  const usual = runtime.Writer.initialBufferSize;
  runtime.Writer.initialBufferSize = SLAB_BYTES;
  const writer = runtime.Writer.create();
  runtime.Writer.initialBufferSize = usual;
  return protobufCodecs(messages, types, (type, message) => {
    writer.pos = 0;
    return type.encode(message, writer).pos;
  });
};

/** The static code of protobufjs over Node's buffers, 64-bit integers as numbers: its fastest form. */
function protobufRuntime(): { readonly runtime: Runtime; readonly types: StaticModule["tidewire"]["host"]["v1"] } {
  const require = createRequire(import.meta.url);
  const runtime = require("protobufjs/minimal") as Runtime;
  // Where the package `long` happens to be installed, every 64-bit integer would become an object.
  runtime.util.Long = undefined;
  runtime.configure();
  if (runtime.util.Buffer !== Buffer || !(runtime.Writer.create() instanceof runtime.BufferWriter)) {
    throw new Error("protobufjs does not use Node's Buffer");
  }
  return { runtime, types: (require(builtFile("host-protobuf.cjs")) as StaticModule).tidewire.host.v1 };
}

function protobufCodecs(
  messages: SampleMessages,
  { ViewerFrame, SendRequest, SendResponse }: StaticModule["tidewire"]["host"]["v1"],
  encode: (type: StaticType<unknown>, message: unknown) => number,
): ReturnType<CodecVariant> {
  const codec = <Plain>(type: StaticType<unknown>, plain: Plain, depend: (decoded: Plain) => number): MessageCodec => {
    const message = type.create(plain);
    const bytes = type.encode(message).finish();
    return {
      encode: () => encode(type, message),
      decode: () => depend(type.decode(bytes) as Plain),
      verify: () => {
        sameMessage(type.decode(bytes), plain);
        if (encode(type, message) !== bytes.length) throw new Error("the two ways to encode differ");
      },
    };
  };
  const { data, seq } = messages.viewerFrame;
  return {
    viewerFrame: codec(ViewerFrame, { kind: DELTA, seq, data }, (frame) => frame.data.length),
    sendRequest: codec(SendRequest, defined(messages.sendRequest), (request) => request.tableVersion),
    sendResponse: codec(SendResponse, messages.sendResponse, (response) => response.seq),
  };
}

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
