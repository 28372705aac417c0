import type { DefinitionSet } from "./definition-set.ts";
import { emitDownFrames } from "./emit/api-down-frames.ts";
import { emitApiPage } from "./emit/api-page.ts";
import { emitApiRegistry } from "./emit/api-registry.ts";
import { emitAsyncApi } from "./emit/api-schema.ts";
import { emitApiTypes } from "./emit/api-types.ts";
import { emitUpFrames } from "./emit/api-up-frames.ts";
import { emitErrorsPage } from "./emit/errors-page.ts";
import { header } from "./emit/printer.ts";
import { emitProto } from "./emit/proto.ts";
import { emitProtocolPage } from "./emit/protocol-page.ts";
import { emitCodecs } from "./emit/typescript-codecs.ts";
import { emitErrors } from "./emit/typescript-errors.ts";
import { emitServices } from "./emit/typescript-service.ts";
import { emitStubs } from "./emit/typescript-stubs.ts";
import { emitTypes } from "./emit/typescript-types.ts";
import { emitGoldenFile } from "./golden/golden-file.ts";
import type { Api } from "./model/api.ts";
import { digestOf } from "./model/digest.ts";
import type { ErrorRegistry } from "./model/error-registry.ts";
import type { Protocol } from "./model/protocol.ts";

export interface GenerateOptions {
  /** What generated code imports `Reader`, `Writer` and `Codec` from. */
  readonly wireModule: string;
  /** What the generated reader of a JSON API imports its checks from. */
  readonly apiRuntimeModule: string;
  /** What generated code imports `ServiceError` and `ErrorBody` from. */
  readonly errorsModule: string;
  /** Package that receives the error registry. */
  readonly errorsPackage: string;
}

export const defaultGenerateOptions: GenerateOptions = {
  wireModule: "@tidewire/wire",
  apiRuntimeModule: "../parameter-checks.ts",
  errorsModule: "@tidewire/foundation",
  errorsPackage: "foundation",
};

export interface GeneratedFile {
  /** Code goes into its package; documents (golden bytes, reference, schemas) stay beside the definitions. */
  readonly kind: "code" | "document";
  /** Package that code belongs to; empty for a document. */
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
    ...definitions.apis.flatMap((api) => generateApi(api, definitions.errors[0], options)),
    ...definitions.errors.flatMap((registry) => generateErrors(registry, options)),
  ];
}

function generateProtocol(protocol: Protocol, options: GenerateOptions): GeneratedFile[] {
  const digest = digestOf(protocol);
  const head = header(protocol.file, digest);
  const { name } = protocol;
  return [
    code(protocol.package, `${name}-types.ts`, head + emitTypes(protocol)),
    code(protocol.package, `${name}-codecs.ts`, head + emitCodecs(protocol, options.wireModule)),
    code(protocol.package, `${name}-service.ts`, head + emitServices(protocol, digest, options.wireModule)),
    ...(protocol.services.length === 0
      ? []
      : [code(protocol.package, `${name}-stubs.ts`, head + emitStubs(protocol, options.wireModule))]),
    document(`${name}.proto`, head + emitProto(protocol)),
    document(`${name}.golden.json`, emitGoldenFile(protocol)),
    document(`${name}.md`, emitProtocolPage(protocol, digest)),
  ];
}

function generateApi(api: Api, errors: ErrorRegistry | undefined, options: GenerateOptions): GeneratedFile[] {
  const digest = digestOf(api);
  const head = header(api.file, digest);
  return [
    code(api.package, `${api.name}-types.ts`, head + emitApiTypes(api, options.apiRuntimeModule)),
    code(api.package, `${api.name}-registry.ts`, head + emitApiRegistry(api, digest)),
    code(
      api.package,
      `${api.name}-up-frames.ts`,
      head + emitUpFrames(api, options.apiRuntimeModule, options.errorsModule),
    ),
    code(
      api.package,
      `${api.name}-down-frames.ts`,
      head + emitDownFrames(api, options.apiRuntimeModule, options.errorsModule),
    ),
    document(`${api.name}.asyncapi.json`, emitAsyncApi(api, errors)),
    document(`${api.name}.md`, emitApiPage(api, digest)),
  ];
}

function generateErrors(registry: ErrorRegistry, options: GenerateOptions): GeneratedFile[] {
  const digest = digestOf(registry);
  return [
    code(options.errorsPackage, "error-registry.ts", header(registry.file, digest) + emitErrors(registry)),
    document("errors.md", emitErrorsPage(registry, digest)),
  ];
}

function code(packageName: string, name: string, text: string): GeneratedFile {
  return { kind: "code", package: packageName, name, text };
}

function document(name: string, text: string): GeneratedFile {
  return { kind: "document", package: "", name, text };
}
