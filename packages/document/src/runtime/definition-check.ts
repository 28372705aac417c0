import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type DocumentDefinition, documentKey } from "../author/define-document.ts";
import { messageKey } from "../author/message.ts";
import { describeType } from "../author/scalar-check.ts";
import { checkSchema } from "./schema-check.ts";

const spacePattern = /^[a-z][a-z0-9-]{2,62}$/;
const rootPattern = /^[A-Za-z][A-Za-z0-9_]*$/;
const rules = ["create", "connect", "send", "delete"];

/** A bundle need not have been type-checked. Throws `TypeError` that names the first thing that cannot be used. */
export function checkedDefinition(value: unknown): DocumentDefinition {
  if (typeof value !== "object" || value === null || (value as Partial<DocumentDefinition>)[documentKey] !== 1) {
    throw new TypeError("not a document: export what defineDocument returns");
  }
  const definition = value as DocumentDefinition;
  const { space, version, stateFields, onCreate, onConnect, onDisconnect, timers, computed, views } = definition;
  if (typeof space !== "string" || !spacePattern.test(space)) {
    throw new TypeError(`space "${space}" must match ${spacePattern.source}`);
  }
  if (!Number.isSafeInteger(version) || version < 1) throw new TypeError("version must be a whole number from 1 on");
  checkSchema(stateFields);
  checkFunctions("", { onCreate, onConnect, onDisconnect });
  checkFunctions("timers.", timers);
  checkFunctions("computed.", computed);
  checkFunctions("views.", views);
  checkAccess(definition);
  checkMigrations(definition);
  checkMessages(definition);
  checkValidator("viewState", definition.viewState);
  checkValidator("createArg", definition.createArg);
  checkRootNames(definition);
  return definition;
}

function checkFunctions(group: string, members: Readonly<Record<string, unknown>>): void {
  for (const [name, member] of Object.entries(members)) {
    if (member !== undefined && typeof member !== "function") {
      throw new TypeError(`${group}${name} is not a function, but ${describeType(member)}`);
    }
  }
}

function checkAccess({ access }: DocumentDefinition): void {
  for (const name of Object.keys(access)) {
    if (!rules.includes(name)) throw new TypeError(`access has no rule "${name}", only ${rules.join(", ")}`);
  }
  checkFunctions("access.", { ...access });
}

function checkMigrations({ migrate }: DocumentDefinition): void {
  checkFunctions("migrate.", migrate);
  for (const step of Object.keys(migrate)) {
    if (!/^[1-9]\d*$/.test(step)) throw new TypeError(`migrate.${step} is no version: migrate[1] leads from 1 to 2`);
  }
}

function checkMessages({ messages }: DocumentDefinition): void {
  for (const [name, message] of Object.entries(messages)) {
    if ((message as typeof message | undefined)?.[messageKey] !== 1) {
      throw new TypeError(`message "${name}" is not made with message()`);
    }
    const { handler, schema } = message;
    if (typeof handler !== "function") throw new TypeError(`message "${name}" has no handler`);
    checkValidator(`what message "${name}" takes`, schema);
  }
}

function checkValidator(what: string, schema: StandardSchemaV1 | undefined): void {
  if (schema === undefined) return;
  const standard = (schema as Partial<StandardSchemaV1> | null)?.["~standard"];
  if (typeof standard?.validate !== "function") {
    throw new TypeError(`${what} is not a Standard Schema validator, such as z.object({...}) or record({...})`);
  }
}

function checkRootNames({ stateFields, computed, views }: DocumentDefinition): void {
  const seen = new Set(["presence"]);
  for (const name of [...Object.keys(stateFields), ...Object.keys(computed), ...Object.keys(views)]) {
    if (!rootPattern.test(name)) throw new TypeError(`"${name}" cannot be a field of a document`);
    if (seen.has(name)) throw new TypeError(`"${name}" is defined twice: state, computed values and views share names`);
    seen.add(name);
  }
}
