import { type FieldPolicy, isContainer, type SchemaNode } from "../author/schema-node.ts";
import { asciiBytes, type Label } from "../encode/json-writer.ts";
import { type FieldCheck, fieldCheck } from "./field-check.ts";
import { compileRecordClass, type RecordClass } from "./record-class.ts";

/** Something that is visible to some viewers only. Each has a bit per record, and is numbered within the document type. */
export interface Guard {
  readonly index: number;
  /** Within the bits of its record. */
  readonly bit: number;
  readonly policy: FieldPolicy;
  /** What it guards, for messages: `doc.cards.face`. */
  readonly path: string;
  /** It takes no document, so all it can read is its record and the viewer: nothing of what it read has to be remembered. */
  readonly isLocal: boolean;
}

export interface FieldType {
  /** Slot of the record; -1 for the id of a table's record. */
  readonly index: number;
  readonly name: string;
  /** `"name":` in UTF-8. */
  readonly label: Label;
  readonly node: SchemaNode;
  /** Of the values; containers and records check their own. */
  readonly check: FieldCheck;
  readonly isPrivate: boolean;
  readonly guard: Guard | undefined;
  /** Of a nested record, or of the records in a map or table. */
  readonly recordType: RecordType | undefined;
  /** A map of records of plain fields that everybody sees: what changed in it is written without asking anything. */
  readonly isOpenMap: boolean;
}

export interface RecordTypeOptions {
  /** In a table: has an id. */
  readonly isRow: boolean;
  /** In a table or a map. */
  readonly isElement: boolean;
  /** The document itself. */
  readonly isRoot?: boolean;
  /** Where it is in the state, for error texts. */
  readonly path: string;
}

/** A record's shape, compiled. */
export class RecordType {
  /** Within the document type. */
  readonly index: number;
  readonly path: string;
  readonly isRow: boolean;
  readonly isElement: boolean;
  /** In the order of canonical JSON; the id is among them. */
  readonly fields: readonly FieldType[];
  /** By slot. */
  readonly slots: readonly FieldType[];
  /** Scalars that everyone sees: a walk has nothing to ask about them. */
  readonly plainFields: readonly FieldType[];
  readonly otherFields: readonly FieldType[];
  readonly byName: ReadonlyMap<string, FieldType>;
  /** Of the record as a whole. */
  readonly guard: Guard | undefined;
  /** Bits each record needs. */
  readonly guardCount: number;
  /** Guards of this record and of visible records beneath it. */
  readonly guardsWithin: readonly Guard[];
  /** Whether it holds containers or records, so that its stamp says little about its own fields. */
  readonly hasChildren: boolean;
  /** Whether reading one of its fields is remembered as that, and not as having read the record. */
  readonly isReadByField: boolean;
  /** Whether viewers may see something else in such records, or nothing of something. */
  readonly hasSecrets: boolean;
  readonly Class: RecordClass;

  constructor(schema: TypeCompiler, node: SchemaNode, options: RecordTypeOptions) {
    this.index = schema.nextTypeIndex();
    this.path = options.path;
    this.isRow = options.isRow;
    this.isElement = options.isElement;
    let bits = 0;
    const newGuard: GuardMaker = (policy, path) => schema.newGuard({ bit: bits++, policy, path });
    this.guard =
      options.isRow || !schema.isStruct(node) ? optionalGuard(node.recordPolicy, options.path, newGuard) : undefined;
    const slots: FieldType[] = [];
    for (const name of Object.keys(node.fields!).sort()) {
      slots.push(compileField(schema, name, node.fields![name]!, slots.length, `${options.path}.${name}`, newGuard));
    }
    this.slots = slots;
    this.fields = options.isRow ? [...slots, idField].sort((a, b) => (a.name < b.name ? -1 : 1)) : slots;
    this.plainFields = slots.filter(isPlain);
    this.otherFields = slots.filter((field) => !isPlain(field));
    this.byName = new Map(slots.map((field) => [field.name, field]));
    this.guardCount = bits;
    this.guardsWithin = [
      ...(this.guard === undefined ? [] : [this.guard]),
      ...slots.filter((field) => !field.isPrivate).flatMap(guardsOfField),
    ];
    this.hasChildren = slots.some((field) => field.recordType !== undefined || isContainer(field.node));
    this.isReadByField = this.hasChildren || options.isRoot === true;
    this.hasSecrets =
      this.guard !== undefined ||
      slots.some((field) => field.isPrivate || field.guard !== undefined || field.recordType?.hasSecrets === true);
    this.Class = compileRecordClass(this);
  }
}

/** Hands out the numbers of one document type. */
export class TypeCompiler {
  #types = 0;
  /** By index; also those beneath private fields, whose records a view may show. */
  readonly guards: Guard[] = [];
  readonly #structs = new Set<SchemaNode>();

  nextTypeIndex(): number {
    return this.#types++;
  }

  newGuard(made: Pick<Guard, "bit" | "policy" | "path">): Guard {
    const guard: Guard = { ...made, index: this.guards.length, isLocal: isLocal(made.policy) };
    this.guards.push(guard);
    return guard;
  }

  /** A nested record's own policy guards the field it is in. */
  markStruct(node: SchemaNode): void {
    this.#structs.add(node);
  }

  isStruct(node: SchemaNode): boolean {
    return this.#structs.has(node);
  }
}

const idNode: SchemaNode = { kind: "string", isOptional: false, isPrivate: false };
const idField: FieldType = {
  index: -1,
  name: "id",
  label: asciiBytes('"id":'),
  node: idNode,
  check: fieldCheck({ name: "id", node: idNode }),
  isPrivate: false,
  guard: undefined,
  recordType: undefined,
  isOpenMap: false,
};

function isPlain(field: FieldType): boolean {
  return !field.isPrivate && field.guard === undefined && field.node.kind !== "record" && !isContainer(field.node);
}

type GuardMaker = (policy: FieldPolicy, path: string) => Guard;

function optionalGuard(policy: FieldPolicy | undefined, path: string, newGuard: GuardMaker): Guard | undefined {
  return policy === undefined ? undefined : newGuard(policy, path);
}

function compileField(
  schema: TypeCompiler,
  name: string,
  node: SchemaNode,
  index: number,
  path: string,
  newGuard: GuardMaker,
): FieldType {
  const recordNode = node.kind === "record" ? node : node.element?.kind === "record" ? node.element : undefined;
  let policy = node.policy;
  if (node.kind === "record" && node.recordPolicy !== undefined) {
    schema.markStruct(node);
    policy = bothPolicies(policy, node.recordPolicy, name);
  }
  const guard = node.isPrivate ? undefined : optionalGuard(policy, path, newGuard);
  const recordType =
    recordNode === undefined
      ? undefined
      : new RecordType(schema, recordNode, { isRow: node.kind === "table", isElement: isContainer(node), path });
  const isOpen = !node.isPrivate && guard === undefined && recordType?.guard === undefined;
  return {
    index,
    name,
    label: asciiBytes(`"${name}":`),
    node,
    check: fieldCheck({ name, node }),
    isPrivate: node.isPrivate,
    guard,
    recordType,
    isOpenMap: node.kind === "map" && isOpen && recordType?.otherFields.length === 0,
  };
}

/** A field that holds a record: the field's policy sees the outer record, the record's own policy the inner one. */
function bothPolicies(outer: FieldPolicy | undefined, inner: FieldPolicy, name: string): FieldPolicy {
  if (isLocal(inner) && (outer === undefined || isLocal(outer))) {
    return (record: Record<string, unknown>, viewer: unknown) =>
      (outer === undefined || outer(record, viewer, undefined)) && inner(record[name], viewer, undefined);
  }
  return (record: Record<string, unknown>, viewer: unknown, doc: unknown) =>
    (outer === undefined || outer(record, viewer, doc)) && inner(record[name], viewer, doc);
}

/** Such a policy is not given the document, so that it cannot read it by some other way than a third parameter. */
function isLocal(policy: FieldPolicy): boolean {
  return policy.length <= 2;
}

function guardsOfField(field: FieldType): readonly Guard[] {
  return [...(field.guard === undefined ? [] : [field.guard]), ...(field.recordType?.guardsWithin ?? [])];
}
