import type { Api } from "./api.ts";
import type { EnumType, Method, Protocol, Service } from "./protocol.ts";

/** What things of a definition are called in generated files, where that is more than their own name. */

export function protocolConstantOf(protocol: Protocol): string {
  return `${camelCase(protocol.name)}Protocol`;
}

export function apiConstantOf(api: Api): string {
  return `${camelCase(api.name)}Api`;
}

export function defaultLimitsOf(api: Api): string {
  return `default${upperFirst(camelCase(api.name))}Limits`;
}

/** `document/create` becomes `DocumentCreate`. */
export function pascalCase(methodName: string): string {
  return methodName.split("/").map(upperFirst).join("");
}

/** Words that cannot name a variable, a parameter or an item of a tuple; a property they can. */
export const reservedWords: ReadonlySet<string> = new Set(
  `break case catch class const continue debugger default delete do else enum export extends false finally for function
   if import in instanceof new null return super switch this throw true try typeof var void while with yield let static
   await implements interface package private protected public arguments eval undefined`.split(/\s+/),
);

export function methodConstantOf(service: Service, method: Method): string {
  return `${lowerFirst(service.name)}${upperFirst(method.name)}`;
}

export function clientFunctionOf(service: Service): string {
  return `${lowerFirst(service.name)}Client`;
}

export function serveFunctionOf(service: Service): string {
  return `serve${service.name}`;
}

export function enumReaderOf(enumName: string): string {
  return `${lowerFirst(enumName)}Of`;
}

/** `in-use` of `Seat` becomes `SEAT_IN_USE`; protobuf has the values of all enums of a file in one scope. */
export function protoEnumValueOf(type: EnumType, valueName: string): string {
  return `${constantCase(type.name)}_${constantCase(valueName)}`;
}

/** The message that carries both the opening and what the opener sends later. */
export function protoStreamUpOf(service: Service, method: Method): string {
  return `${service.name}${upperFirst(method.name)}Up`;
}

export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

export function upperFirst(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function constantCase(name: string): string {
  return name
    .replaceAll(/(?<=.)[A-Z]/g, "_$&")
    .replaceAll("-", "_")
    .toUpperCase();
}
