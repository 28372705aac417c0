import type { Protocol } from "../model/protocol.ts";
import { emitEnumConverters, emitMessageDecoder, emitUnionDecoder } from "./decoder.ts";
import { emitMessageEncoder, emitUnionEncoder } from "./encoder.ts";
import { Printer } from "./printer.ts";

/** Encoders, decoders and `Codec` objects of a protocol. */
export function emitCodecs(protocol: Protocol, wireModule: string): string {
  const body = new Printer();
  for (const type of protocol.enums) {
    body.line();
    emitEnumConverters(type, body);
  }
  for (const message of protocol.messages) {
    body.line();
    emitMessageEncoder(message, body);
    body.line();
    emitMessageDecoder(message, body);
    emitCodecObject(protocol, message.name, body);
  }
  for (const union of protocol.unions) {
    body.line();
    emitUnionEncoder(union, body);
    body.line();
    emitUnionDecoder(union, body);
    emitCodecObject(protocol, union.name, body);
  }
  return `${imports(protocol, wireModule, body.toString())}${body.toString()}`;
}

function emitCodecObject(protocol: Protocol, name: string, out: Printer): void {
  out.line();
  out.block(
    `export const ${name}Codec: Codec<${name}> = {`,
    () => {
      out.line(`name: "${protocol.name}.${name}",`);
      out.line(`encode: encode${name},`);
      out.line(`decode: decode${name},`);
    },
    "};",
  );
}

function imports(protocol: Protocol, wireModule: string, body: string): string {
  const functions = ["malformed", "outOfBounds"].filter((name) => body.includes(`${name}(`));
  const out = new Printer();
  out.line(`import type { Codec, Reader, Writer } from "${wireModule}";`);
  if (functions.length > 0) out.line(`import { ${functions.join(", ")} } from "${wireModule}";`);
  const types = [...protocol.enums, ...protocol.messages, ...protocol.unions].map((type) => type.name).sort();
  out.block("import type {", () => out.lines(types.map((name) => `${name},`)), `} from "./${protocol.name}-types.ts";`);
  return out.toString();
}
