import {
  type Api,
  type ApiMember,
  type ApiMethod,
  type ApiNotice,
  type ApiType,
  typesSentByClients,
} from "../model/api.ts";
import { lowerFirst, pascalCase } from "../model/generated-names.ts";
import { emitInterface, memberType, requestTypeOf } from "./api-types.ts";
import { Printer } from "./printer.ts";

/** The reading side of frames from a client: one function per method and per type, no schema at run time. */
export function emitUpFrames(api: Api, runtimeModule: string, errorsModule: string): string {
  const body = new Printer();
  for (const method of api.methods) {
    body.line().doc(`\`${method.name}\` with its parameters checked; JSON values are text again.`);
    emitInterface(api, requestTypeOf(method), method.parameters, "text", body, `readonly method: "${method.name}";`);
  }
  emitUnions(api, body);
  emitParse(body);
  emitRead(api, body);
  for (const notice of api.notices) emitNotice(api, notice, body);
  emitReadRequest(api, body);
  for (const method of api.methods) emitMethodReader(api, method, body);
  const needed = typesSentByClients(api);
  for (const type of api.types) if (needed.has(type.name)) emitTypeReader(api, type, body);
  return imports(api, runtimeModule, errorsModule, body.toString()) + body.toString();
}

function imports(api: Api, runtimeModule: string, errorsModule: string, body: string): string {
  const out = new Printer();
  // Documentation may name types, too.
  const code = body.replaceAll(/\/\*\*.*?\*\//g, "");
  out.line(`import { ServiceError } from "${errorsModule}";`);
  const helpers = [
    "booleanOf",
    "fieldsOf",
    "integerWithin",
    "jsonText",
    "listOf",
    "numberOf",
    "parameterFault",
    "stringMatching",
    "stringWithin",
    "tupleOf",
  ].filter((name) => code.includes(`${name}(`));
  out.line(`import { type CloseCode, closeCodes } from "./${api.name}-registry.ts";`);
  out.line(`import { type JsonFields, ${helpers.join(", ")} } from "${runtimeModule}";`);
  const types = api.types
    .filter((type) => type.kind === "object" || type.kind === "tuple")
    .map((type) => type.name)
    .filter((name) => new RegExp(`\\b${name}\\b`).test(code))
    .sort();
  if (types.length > 0) out.line(`import type { ${types.join(", ")} } from "./${api.name}-types.ts";`);
  return out.toString();
}

function emitUnions(api: Api, out: Printer): void {
  out.line().line("export type UpRequest =");
  api.methods.forEach((method, index) => {
    out.line(`  | ${requestTypeOf(method)}${index === api.methods.length - 1 ? ";" : ""}`);
  });
  out.line().line("export type UpFrame =");
  out.line('  | { readonly kind: "request"; readonly id: number; readonly request: UpRequest }');
  out.line("  /** The frame is well formed, the request is not: it fails alone. */");
  out.line('  | { readonly kind: "refused"; readonly id: number; readonly error: ServiceError }');
  for (const notice of api.notices) {
    out.indented(() => out.doc(notice.documentation));
    out.line(`  | { readonly kind: "${notice.name}"; readonly ${notice.name}: ${memberType(api, notice, "text")} }`);
  }
  out.line("  /** The other side does not speak the protocol: close the connection. */");
  out.line('  | { readonly kind: "fault"; readonly closeCode: CloseCode; readonly reason: string };');
}

function emitParse(out: Printer): void {
  out.line().doc("Reads one text frame. Never throws.");
  out.block("export function parseUpFrame(text: string): UpFrame {", () => {
    out.line("let value: unknown;");
    out.block("try {", () => out.line("value = JSON.parse(text);"), "} catch {");
    out.indented(() =>
      out.line(`return { kind: "fault", closeCode: closeCodes.malformedFrame, reason: "a frame must be JSON" };`),
    );
    out.line("}");
    out.line("return readUpFrame(value);");
  });
}

function emitRead(api: Api, out: Printer): void {
  out.line().doc("The same for a frame that is parsed already. Never throws.");
  out.block("export function readUpFrame(value: unknown): UpFrame {", () => {
    out.block(`if (typeof value !== "object" || value === null || Array.isArray(value)) {`, () =>
      out.line(
        `return { kind: "fault", closeCode: closeCodes.malformedFrame, reason: "a frame must be a JSON object" };`,
      ),
    );
    out.line("const fields = value as JsonFields;");
    out.line(`const id = fields["id"];`);
    for (const notice of api.notices) {
      out.line(
        `if (id === 0 && fields["${notice.name}"] !== undefined) return read${pascalCase(notice.name)}Notice(fields["${notice.name}"]);`,
      );
    }
    out.block("if (!Number.isSafeInteger(id) || (id as number) < 1) {", () =>
      out.line(
        `return { kind: "fault", closeCode: closeCodes.malformedId, reason: "id must be an integer from 1 to 2^53-1" };`,
      ),
    );
    out.block(
      "try {",
      () => out.line(`return { kind: "request", id: id as number, request: readRequest(fields) };`),
      "} catch (error) {",
    );
    out.indented(() => out.line(`return { kind: "refused", id: id as number, error: ServiceError.from(error) };`));
    out.line("}");
  });
}

function emitNotice(api: Api, notice: ApiNotice, out: Printer): void {
  out.line();
  out.block(`function read${pascalCase(notice.name)}Notice(value: unknown): UpFrame {`, () => {
    out.block(
      "try {",
      () =>
        out.line(
          `return { kind: "${notice.name}", ${notice.name}: ${readMemberExpression(api, notice, "value", `"${notice.name}"`)} };`,
        ),
      "} catch (error) {",
    );
    out.indented(() => {
      out.line(
        `return { kind: "fault", closeCode: closeCodes.${notice.fault}, reason: ServiceError.from(error).message };`,
      );
    });
    out.line("}");
  });
}

function emitReadRequest(api: Api, out: Printer): void {
  out.line();
  out.block("function readRequest(fields: JsonFields): UpRequest {", () => {
    out.line(`const method = fields["method"];`);
    out.block("switch (method) {", () => {
      for (const method of api.methods) {
        out.line(`case "${method.name}":`).line(`  return read${requestTypeOf(method)}(fields);`);
      }
      out.line("default:");
      out.line(`  if (typeof method !== "string") throw parameterFault("method", method, "must name a method");`);
      out.line(`  throw new ServiceError("unsupported", "there is no such method", {`);
      out.line(`    details: { parameter: "method", reason: "unknown_method", method: method.slice(0, 128) },`);
      out.line("  });");
    });
  });
}

function emitMethodReader(api: Api, method: ApiMethod, out: Printer): void {
  out.line();
  const parameter = method.parameters.length === 0 ? "_fields" : "fields";
  out.block(`function read${requestTypeOf(method)}(${parameter}: JsonFields): ${requestTypeOf(method)} {`, () => {
    out.block(
      "return {",
      () => {
        out.line(`method: "${method.name}",`);
        for (const member of method.parameters) {
          const value = `fields["${member.name}"]`;
          out.line(
            `${member.name}: ${optionalExpression(member, value, readMemberExpression(api, member, value, `"${member.name}"`))},`,
          );
        }
      },
      "};",
    );
  });
}

function emitTypeReader(api: Api, type: ApiType, out: Printer): void {
  switch (type.kind) {
    case "string":
      out.line();
      if (type.pattern !== undefined)
        out.line(`const ${lowerFirst(type.name)}Pattern = ${String(new RegExp(`^(?:${type.pattern})$`))};`).line();
      out.block(`function read${type.name}(value: unknown, parameter: string): string {`, () =>
        out.line(
          type.pattern === undefined
            ? `return stringWithin(value, parameter, ${type.minLength}, ${type.maxLength});`
            : `return stringMatching(value, parameter, ${lowerFirst(type.name)}Pattern);`,
        ),
      );
      return;
    case "integer":
      out.line();
      out.block(`function read${type.name}(value: unknown, parameter: string): number {`, () =>
        out.line(`return integerWithin(value, parameter, ${type.min}, ${type.max});`),
      );
      return;
    case "object":
      out.line();
      out.block(`function read${type.name}(value: unknown, parameter: string): ${type.name} {`, () => {
        out.line("const fields = fieldsOf(value, parameter);");
        out.block(
          "return {",
          () => {
            for (const member of type.members) {
              const from = `fields["${member.name}"]`;
              const read = readMemberExpression(api, member, from, `\`\${parameter}.${member.name}\``);
              out.line(`${member.name}: ${optionalExpression(member, from, read)},`);
            }
          },
          "};",
        );
      });
      return;
    case "tuple":
      out.line();
      out.block(`function read${type.name}(value: unknown, parameter: string): ${type.name} {`, () => {
        out.line(`const items = tupleOf(value, parameter, ${type.members.length});`);
        const reads = type.members.map((member, index) =>
          readMemberExpression(api, member, `items[${index}]`, "parameter"),
        );
        out.line(`return [${reads.join(", ")}];`);
      });
      return;
    default:
      return;
  }
}

function readMemberExpression(api: Api, member: ApiMember, value: string, parameter: string): string {
  if (!member.isList) return readValueExpression(api, member.type, value, parameter);
  const read = readValueExpression(api, member.type, "item", parameter);
  return `listOf(${value}, ${parameter}, ${member.maxCount}).map((item) => ${read})`;
}

function readValueExpression(api: Api, name: string, value: string, parameter: string): string {
  const type = api.types.find((candidate) => candidate.name === name);
  switch (type?.kind) {
    case undefined:
      return `booleanOf(${value}, ${parameter})`;
    case "number":
      return `numberOf(${value}, ${parameter})`;
    case "json":
      return `jsonText(${value}, ${parameter}, ${type.depthMax})`;
    default:
      return `read${name}(${value}, ${parameter})`;
  }
}

function optionalExpression(member: ApiMember, value: string, read: string): string {
  return member.isOptional ? `${value} === undefined ? undefined : ${read}` : read;
}
