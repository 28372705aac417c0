import type { DefinitionSet } from "./definition-set.ts";
import { emitDownFrames } from "./emit/api-down-frames.ts";
import { emitApiRegistry } from "./emit/api-registry.ts";
import { emitApiTypes } from "./emit/api-types.ts";
import { emitUpFrames } from "./emit/api-up-frames.ts";
import { header } from "./emit/printer.ts";
import { emitCodecs } from "./emit/typescript-codecs.ts";
import { emitErrors } from "./emit/typescript-errors.ts";
import { emitServices } from "./emit/typescript-service.ts";
import { emitTypes } from "./emit/typescript-types.ts";
import { emitGoldenFile } from "./golden/golden-file.ts";
import type { Api } from "./model/api.ts";
import { digestOf, digestOfText } from "./model/digest.ts";
import type { ErrorRegistry } from "./model/error-registry.ts";
import type { Protocol } from "./model/protocol.ts";

export interface GenerateOptions {
  /** What generated code imports `Reader`, `Writer` and `Codec` from. */
  readonly wireModule: string;
  /** What the generated reader of a JSON API imports its checks from. */
  readonly apiRuntimeModule: string;
  /** Package that receives the error registry. */
  readonly errorsPackage: string;
}

export const defaultGenerateOptions: GenerateOptions = {
  wireModule: "@tidewire/wire",
  apiRuntimeModule: "../parameter-checks.ts",
  errorsPackage: "foundation",
};

export interface GeneratedFile {
  /** Code goes into its package; documents (golden bytes, reference, schemas) stay beside the definitions. */
  readonly kind: "code" | "document";
  /** Package that code belongs to. */
  readonly package: string;
  /** Its name inside the package's folder for generated files. */
  readonly name: string;
  readonly text: string;
}

/** Everything the definitions give, in a fixed order; the same input gives the same bytes. */
export function generate(
  definitions: DefinitionSet,
  options: GenerateOptions = defaultGenerateOptions,
): GeneratedFile[] {
  return [
    ...definitions.protocols.flatMap((protocol) => generateProtocol(protocol, options)),
    ...definitions.apis.flatMap((api) => generateApi(api, options)),
    ...definitions.errors.map((registry) => generateErrors(registry, options)),
  ];
}

function generateProtocol(protocol: Protocol, options: GenerateOptions): GeneratedFile[] {
  const digest = digestOf(protocol);
  const file = (suffix: string, text: string): GeneratedFile => ({
    kind: "code",
    package: protocol.package,
    name: `${protocol.name}-${suffix}.ts`,
    text: header(protocol.file, digest) + text,
  });
  const document = (name: string, text: string): GeneratedFile => ({
    kind: "document",
    package: protocol.package,
    name,
    text,
  });
  return [
    file("types", emitTypes(protocol)),
    file("codecs", emitCodecs(protocol, options.wireModule)),
    file("service", emitServices(protocol, digest, options.wireModule)),
    document(`${protocol.name}.golden.json`, emitGoldenFile(protocol)),
  ];
}

function generateApi(api: Api, options: GenerateOptions): GeneratedFile[] {
  const digest = digestOf(api);
  const file = (suffix: string, text: string): GeneratedFile => ({
    kind: "code",
    package: api.package,
    name: `${api.name}-${suffix}.ts`,
    text: header(api.file, digest) + text,
  });
  return [
    file("types", emitApiTypes(api, options.apiRuntimeModule)),
    file("registry", emitApiRegistry(api, digest)),
    file("up-frames", emitUpFrames(api, options.apiRuntimeModule)),
    file("down-frames", emitDownFrames(api, options.apiRuntimeModule)),
  ];
}

function generateErrors(registry: ErrorRegistry, options: GenerateOptions): GeneratedFile {
  const digest = digestOfText(JSON.stringify(registry));
  return {
    kind: "code",
    package: options.errorsPackage,
    name: "error-registry.ts",
    text: header(registry.file, digest) + emitErrors(registry),
  };
}
