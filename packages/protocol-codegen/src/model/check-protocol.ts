import { elementAt, type ProblemList } from "./attribute-reader.ts";
import { checkDefault } from "./check-default.ts";
import { type AddProblem, checkNames } from "./check-names.ts";
import type { Field, MessageType, Method, Protocol } from "./protocol.ts";

/** What a schema cannot say: names that refer, ids that ascend, defaults that fit, nothing that contains itself. */
export function checkProtocol(protocol: Protocol, problems: ProblemList): void {
  const add = (line: number, element: string, problem: string, fix: string): void =>
    problems.add(elementAt(protocol.file, line, element), problem, fix);

  checkUnique(protocol, add);
  checkNames(protocol, add);
  for (const type of protocol.enums) {
    const names = type.values.map((value) => value.name);
    if (names.length === 0) add(type.line, `enum "${type.name}"`, "has no values", "Add a <value>");
    if (type.fallback !== undefined && !names.includes(type.fallback)) {
      add(
        type.line,
        `enum "${type.name}"`,
        `fallback "${type.fallback}" is none of its values`,
        `Use one of: ${names.join(", ")}`,
      );
    }
  }
  for (const part of [
    ...protocol.enums.flatMap((type) => type.values),
    ...protocol.unions.flatMap((type) => type.variants),
  ]) {
    if (part.since <= protocol.version) continue;
    add(
      part.line,
      part.name,
      `since ${part.since} is after the protocol's version`,
      `Raise the protocol's version to ${part.since}`,
    );
  }
  for (const message of protocol.messages) checkFields(protocol, message, add);
  for (const union of protocol.unions) {
    for (const variant of union.variants) {
      if (protocol.messages.some((message) => message.name === variant.type)) continue;
      add(
        union.line,
        `union "${union.name}"`,
        `variant "${variant.name}" names no message`,
        "Name a message of this file",
      );
    }
  }
  for (const service of protocol.services) {
    for (const method of service.methods) checkMethodTypes(protocol, method, add);
  }
  checkNoRecursion(protocol, add);
}

function checkUnique(protocol: Protocol, add: AddProblem): void {
  const unique = (
    where: string,
    line: number,
    what: string,
    parts: readonly { readonly id?: number; readonly name: string; readonly number?: number }[],
    key: "id" | "name" | "number",
  ): void => {
    const seen = new Set<string | number | undefined>();
    for (const { [key]: value } of parts) {
      if (seen.has(value)) {
        add(line, where, `${what} ${value} is used twice`, `Give each its own ${what}; never reuse one`);
      }
      seen.add(value);
    }
  };
  unique(`protocol "${protocol.name}"`, protocol.line, "service id", protocol.services, "id");
  for (const { line, name, values } of protocol.enums) unique(`enum "${name}"`, line, "number", values, "number");
  for (const { line, name, fields } of protocol.messages)
    unique(`message "${name}"`, line, "field name", fields, "name");
  for (const { line, name, variants } of protocol.unions) {
    unique(`union "${name}"`, line, "name", variants, "name");
    unique(`union "${name}"`, line, "id", variants, "id");
  }
  for (const { line, methods, name } of protocol.services) {
    unique(`service "${name}"`, line, "method name", methods, "name");
    unique(`service "${name}"`, line, "method id", methods, "id");
  }
}

function checkFields(protocol: Protocol, message: MessageType, add: AddProblem): void {
  let previous: Field | undefined;
  for (const field of message.fields) {
    const where = `field "${message.name}.${field.name}"`;
    if (field.id >= 19_000 && field.id <= 19_999) {
      add(field.line, where, `id ${field.id} is reserved by protobuf`, "Use an id below 19000 or from 20000");
    }
    if (previous !== undefined && field.id <= previous.id) {
      add(
        field.line,
        where,
        `id ${field.id} does not follow ${previous.id}`,
        "Append fields at the end, with the next id",
      );
    }
    if (previous !== undefined && field.since < previous.since) {
      add(
        field.line,
        where,
        `since ${field.since} comes after since ${previous.since}`,
        "Fields of later versions stand at the end",
      );
    }
    checkVersions(protocol, field, where, add);
    if (field.isOptional && field.container !== "single") {
      add(field.line, where, "is an optional list or map", "Remove optional: an empty one says the same");
    }
    if (field.minBytes > field.maxBytes) {
      add(field.line, where, "minBytes is above maxBytes", "Swap them");
    }
    if (field.defaultText !== undefined) checkDefault(protocol, field, where, add);
    previous = field;
  }
}

function checkVersions(protocol: Protocol, field: Field, where: string, add: AddProblem): void {
  for (const name of ["since", "boundsSince"] as const) {
    if (field[name] <= protocol.version) continue;
    const fix = `Raise the protocol's version to ${field[name]}`;
    add(field.line, where, `${name} ${field[name]} is after the protocol's version`, fix);
  }
  if (field.boundsSince > 1 && field.boundsSince <= field.since) {
    add(field.line, where, "had no bounds to widen before it was there", "Remove boundsSince");
  }
  if (field.since > 1 && !canBeMissing(field)) {
    const fix = 'Make it optional="true" or give it a default';
    add(field.line, where, "was appended, but older senders leave it out", fix);
  }
}

/** Whether a reader knows what to assume when the field is not there. */
export function canBeMissing(field: Field): boolean {
  return field.isOptional || field.container !== "single" || field.defaultText !== undefined;
}

function checkMethodTypes(protocol: Protocol, method: Method, add: AddProblem): void {
  const names = method.kind === "unary" ? [method.request, method.response] : [method.open, method.up, method.down];
  for (const name of names) {
    if (protocol.messages.some((type) => type.name === name) || protocol.unions.some((type) => type.name === name))
      continue;
    add(method.line, `${method.kind} "${method.name}"`, `"${name}" is no message or union`, "Declare it in this file");
  }
  if (method.kind === "unary" && method.retry === "safe" && !method.isIdempotent) {
    const problem = 'may be repeated (retry="safe") but is not idempotent';
    add(method.line, `unary "${method.name}"`, problem, 'Use retry="unsent", or make it idempotent="true"');
  }
}

/** A message that can contain itself would let a few bytes nest deeper than the stack. */
function checkNoRecursion(protocol: Protocol, add: AddProblem): void {
  const contained = new Map<string, readonly string[]>([
    ...protocol.messages.map((type) => [type.name, type.fields.map((field) => field.type.name)] as const),
    ...protocol.unions.map((type) => [type.name, type.variants.map((variant) => variant.type)] as const),
  ]);
  const reaches = (from: string, target: string, visited: Set<string>): boolean =>
    (contained.get(from) ?? []).some((name) => {
      if (name === target) return true;
      if (visited.has(name)) return false;
      visited.add(name);
      return reaches(name, target, visited);
    });
  for (const type of [...protocol.messages, ...protocol.unions]) {
    if (!reaches(type.name, type.name, new Set())) continue;
    add(
      type.line,
      `type "${type.name}"`,
      "contains itself",
      "Flatten it: depth on the wire is fixed by the definition",
    );
  }
}
