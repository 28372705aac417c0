import type { Api, ApiMember, ApiType } from "./api.ts";
import { elementAt, type ProblemList } from "./attribute-reader.ts";
import { checkApiNames } from "./check-api-names.ts";

/** What a schema cannot say about a JSON API: names that refer, patterns that compile, close codes that mean what they say. */
export function checkApi(api: Api, problems: ProblemList): void {
  const add = (line: number, element: string, problem: string, fix: string): void =>
    problems.add(elementAt(api.file, line, element), problem, fix);
  const types = new Map(api.types.map((type) => [type.name, type]));
  const checkMember = (where: string, member: ApiMember): void => {
    if (member.type === "boolean" || types.has(member.type)) return;
    add(member.line, where, `type "${member.type}" is unknown`, "Declare it in this file, or use boolean");
  };
  const unique = (what: string, entries: readonly { readonly name: string; readonly line?: number }[]): void => {
    const seen = new Set<string>();
    for (const { name, line } of entries) {
      if (seen.has(name)) add(line ?? api.line, `${what} "${name}"`, "is declared twice", "Keep one of them");
      seen.add(name);
    }
  };
  checkApiNames(api, add);
  unique("close", api.closes);
  if (api.methods.length === 0) add(api.line, `api "${api.name}"`, "has no methods", "Add a <method>");
  for (const type of api.types) {
    if (type.kind === "string" && type.pattern !== undefined && !compiles(type.pattern)) {
      add(type.line, `string "${type.name}"`, `pattern ${type.pattern} is no regular expression`, "Correct it");
    }
    if (type.kind !== "object" && type.kind !== "tuple") continue;
    unique(`member of ${type.name}`, type.members);
    if (contains(type.name, type.name, types)) {
      add(type.line, `${type.kind} "${type.name}"`, "contains itself", "Flatten it, or use json");
    }
    for (const member of type.members) {
      checkMember(`${type.kind} "${type.name}.${member.name}"`, member);
      if (type.kind === "tuple" && (member.isOptional || member.isList)) {
        add(
          member.line,
          `tuple "${type.name}.${member.name}"`,
          "is optional or a list",
          "Items are single and present",
        );
      }
    }
  }
  for (const method of api.methods) {
    unique(`parameter of ${method.name}`, method.parameters);
    for (const parameter of method.parameters) {
      checkMember(`method "${method.name}.${parameter.name}"`, parameter);
      if (holdsJson(parameter.type, types)) {
        add(
          parameter.line,
          `method "${method.name}.${parameter.name}"`,
          "hides JSON inside an object",
          "Make the JSON a parameter of its own",
        );
      }
      if (parameter.name === "id" || parameter.name === "method") {
        add(
          parameter.line,
          `method "${method.name}"`,
          `"${parameter.name}" belongs to the frame`,
          "Choose another name",
        );
      }
    }
    if (method.result !== undefined && types.get(method.result)?.kind !== "object") {
      add(
        method.line,
        `method "${method.name}"`,
        `result "${method.result}" is no object`,
        "Name an <object> of this file",
      );
    }
  }
  for (const notice of api.notices) {
    checkMember(`notice "${notice.name}"`, notice);
    if (api.closes.some((close) => close.name === notice.fault)) continue;
    add(
      notice.line,
      `notice "${notice.name}"`,
      `fault "${notice.fault}" is no close code`,
      "Declare a <close> of that name",
    );
  }
  for (const frame of api.frames) {
    if (!types.has(frame.type) && frame.type !== "error")
      add(frame.line, `frame "${frame.name}"`, `type "${frame.type}" is unknown`, "Declare it");
  }
  for (const close of api.closes) {
    if (close.code < 4000) continue;
    if (close.reconnect === close.code < 4500) continue;
    add(
      close.line,
      `close "${close.name}"`,
      `code ${close.code} says otherwise about reconnecting`,
      "4000-4499 reconnect, 4500-4999 stop",
    );
  }
  for (const needed of ["malformedFrame", "malformedId"]) {
    if (api.closes.some((close) => close.name === needed)) continue;
    add(api.line, `api "${api.name}"`, `has no close code "${needed}"`, `Add <close name="${needed}"/>`);
  }
}

/** The reading side gets JSON as text, which only a parameter can be. */
function holdsJson(name: string, types: ReadonlyMap<string, ApiType>, visited = new Set<string>()): boolean {
  const type = types.get(name);
  if (visited.has(name) || (type?.kind !== "object" && type?.kind !== "tuple")) return false;
  visited.add(name);
  return type.members.some(
    (member) => types.get(member.type)?.kind === "json" || holdsJson(member.type, types, visited),
  );
}

function contains(
  name: string,
  target: string,
  types: ReadonlyMap<string, ApiType>,
  visited = new Set<string>(),
): boolean {
  const type = types.get(name);
  if (visited.has(name) || (type?.kind !== "object" && type?.kind !== "tuple")) return false;
  visited.add(name);
  return type.members.some((member) => member.type === target || contains(member.type, target, types, visited));
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern).source !== "";
  } catch {
    return false;
  }
}
