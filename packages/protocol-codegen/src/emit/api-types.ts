import type { Api, ApiMember, ApiMethod } from "../model/api.ts";
import { pascalCase, reservedWords } from "../model/generated-names.ts";
import { Printer } from "./printer.ts";

/** How JSON of the application's own shape appears: as a value where it is written, as text where it is passed on. */
export type JsonAs = "value" | "text";

/** Interfaces of everything that is written or read as it is, and the table of methods for a typed client. */
export function emitApiTypes(api: Api, runtimeModule: string): string {
  const out = new Printer();
  for (const type of api.types) {
    if (type.kind === "object") {
      out.line().doc(type.documentation);
      emitInterface(api, type.name, type.members, "value", out);
    } else if (type.kind === "tuple") {
      out.line().doc(type.documentation);
      const items = type.members.map((member) => {
        const label = reservedWords.has(member.name) ? `${member.name}_` : member.name;
        return `${label}: ${memberType(api, member, "value")}`;
      });
      out.line(`export type ${type.name} = readonly [${items.join(", ")}];`);
    }
  }
  for (const method of api.methods) {
    out.line().doc(`Parameters of \`${method.name}\`.`);
    emitInterface(api, `${pascalCase(method.name)}Parameters`, method.parameters, "value", out);
  }
  out.line().doc("Parameters and results by method; a method that answers with a stream has no result.");
  out.block("export interface ApiMethods {", () => {
    for (const method of api.methods) {
      out.doc(method.documentation);
      out.line(
        `readonly "${method.name}": { readonly parameters: ${pascalCase(method.name)}Parameters; readonly result: ${method.result ?? "undefined"} };`,
      );
    }
  });
  out.line().line("export type ApiMethodName = keyof ApiMethods;");
  const body = out.toString();
  return /\bJsonValue\b/.test(body) ? `import type { JsonValue } from "${runtimeModule}";\n${body}` : body;
}

export function emitInterface(
  api: Api,
  name: string,
  members: readonly ApiMember[],
  jsonAs: JsonAs,
  out: Printer,
  first?: string,
): void {
  out.block(`export interface ${name} {`, () => {
    if (first !== undefined) out.line(first);
    for (const member of members) {
      out.doc(member.documentation);
      const type = memberType(api, member, jsonAs);
      out.line(`readonly ${member.name}${member.isOptional ? `?: ${type} | undefined` : `: ${type}`};`);
    }
  });
}

export function memberType(api: Api, member: ApiMember, jsonAs: JsonAs): string {
  const type = typeNamed(api, member.type, jsonAs);
  return member.isList ? `readonly ${type}[]` : type;
}

export function typeNamed(api: Api, name: string, jsonAs: JsonAs): string {
  if (name === "error") return "ErrorBody";
  const type = api.types.find((candidate) => candidate.name === name);
  switch (type?.kind) {
    case undefined:
      return "boolean";
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "json":
      return jsonAs === "text" ? "string" : "JsonValue";
    default:
      return name;
  }
}

export function requestTypeOf(method: ApiMethod): string {
  return `${pascalCase(method.name)}Request`;
}
