import { isContainer, type SchemaNode } from "../author/schema-node.ts";
import { writeInteger } from "../encode/words.ts";
import { changesWriterSource } from "./changes-writer.ts";
import type { DocumentState } from "./document-state.ts";
import { newContainer } from "./new-container.ts";
import { maskedFields, RecordNode } from "./record-node.ts";
import type { FieldType, RecordType } from "./record-type.ts";
import type { StateNode } from "./state-node.ts";

export type RecordClass = new (state: DocumentState, parent: StateNode | null, key: string) => RecordNode;

/**
 * A class for one record type, generated once: own slots and accessors on the prototype cost a few nanoseconds, where a
 * Proxy costs ten to thirty times a plain write. Only names that `compileDocument` has checked reach the source text.
 */
export function compileRecordClass(type: RecordType): RecordClass {
  const { slots } = type;
  const source = `"use strict";
return class extends Base {
  constructor(state, parent, key) {
    super(state, parent, key);
    ${type.guardCount > 0 ? "this.$slot = -1;" : ""}
    ${type.isRow ? "this.$chunk = null;" : ""}
    ${slots.length > maskedFields ? "this.$dirtyMore = null;" : ""}
    ${slots.map((field) => `this.$${field.index} = ${isContainer(field.node) ? `newContainer(state, this, slots[${field.index}])` : "undefined"};`).join("\n    ")}
    Object.preventExtensions(this);
  }
  $get(index) { switch (index) { ${slots.map((field) => `case ${field.index}: return this.$${field.index};`).join(" ")} } }
  $put(index, value) { switch (index) { ${slots.map((field) => `case ${field.index}: this.$${field.index} = value; break;`).join(" ")} } }
  ${transactionSource(type)}
  ${changesWriterSource(type)}
  ${type.isRow ? "get id() { return this.$key; }" : ""}
  ${slots.map((field) => accessors(type, field)).join("\n  ")}
};`;
  // oxlint-disable-next-line typescript/no-implied-eval -- the generated class is the measured design (research/runtime.md, 2)
  const make = new Function("Base", "type", "slots", "checks", "newContainer", "writeInteger", source) as (
    ...args: unknown[]
  ) => RecordClass;
  const Class = make(
    RecordNode,
    type,
    slots,
    slots.map((field) => field.check),
    newContainer,
    writeInteger,
  );
  Object.defineProperty(Class.prototype, "$type", { value: type });
  return Class;
}

/**
 * What becomes of a written scalar, as it mostly is; everything else is for the methods of the base. It is here because the
 * elements of one container are of one class: what is asked of its neighbours in the list of changes is then known to V8,
 * where one method for all classes looks up each member of theirs.
 */
function transactionSource({ slots, isElement }: RecordType): string {
  const isOther = slots
    .filter(({ index, node }) => index >= maskedFields || node.kind === "record" || node.kind === "json")
    .map(({ index }) => `code === ${index}`)
    .join(" || ");
  return `undo(code, old) {
    ${isOther === "" ? "" : `if (${isOther}) { super.undo(code, old); return; }`}
    const written = this.$get(code);
    this.$put(code, old);
    ${isElement ? "if (this.$parent.$indexes !== null) this.$parent.$indexes.change(this, code, written);" : ""}
    this.$dirty &= ~(1 << code);
  }
  commit(code, old, seq) {
    if (!this.$isLive${isOther === "" ? "" : ` || ${isOther}`}) return super.commit(code, old, seq);
    this.$dirty = 0;
    // Written once it is another value than before: an equal one is refused.
    if (this.$state.hasRewrites && this.$get(code) === old) return false;
    if (this.$born !== seq) {
      const stamps = this.$fieldStamps;
      if (stamps === null) this.$setFieldStamp(code, seq);
      else stamps[code] = seq;
    }
    ${isElement ? touchElementSource : "this.$touch(seq);"}
    return true;
  }`;
}

/** `$touch`, and the same as `$promote` of its container. */
const touchElementSource = `const parent = this.$parent;
    if (this.$stamp !== seq) {
      this.$stamp = seq;
      const newest = parent.$newest;
      if (newest !== this) {
        const newer = this.$newer, older = this.$older;
        if (newer !== null) newer.$older = older;
        if (older !== null) older.$newer = newer;
        this.$newer = null;
        this.$older = newest;
        if (newest !== null) newest.$newer = this;
        parent.$newest = this;
      }
      if (parent.$stamp !== seq) parent.$touch(seq);
    }
    if (parent.$indexes !== null) parent.$indexes.touch(this, seq, code, old);`;

function accessors(type: RecordType, field: FieldType): string {
  const { index, name, node } = field;
  const saw = type.isReadByField ? `tracker.sawField(this, ${index})` : `tracker.sawLeaf(this, ${index})`;
  const track = isContainer(node) ? "" : `const tracker = this.$state.tracker; if (tracker !== null) ${saw}; `;
  const getter = `get ${name}() { ${track}return this.$${index}; }`;
  if (isContainer(node)) return `${getter}\n  set ${name}(value) { this.$refuseContainer("${name}"); }`;
  if (node.kind === "record") return `${getter}\n  set ${name}(value) { this.$setRecord(slots[${index}], value); }`;
  const bit = 1 << index;
  const isTouched = index < maskedFields ? `(this.$dirty & ${bit}) !== 0` : `this.$isTouched(${index})`;
  const setTouched = index < maskedFields ? `this.$dirty |= ${bit}` : `this.$setTouched(${index})`;
  return `${getter}
  set ${name}(value) {
    const state = this.$state;
    if (!state.isWriting || !this.$isLive) state.assertWritable(this.$isLive);
    if (!(${isPlainlyValid(node)})) value = checks[${index}](value, state);
    const old = this.$${index};
    if (value === old) return;
    if (${isTouched}) state.hasRewrites = true;
    else { state.log(this, ${index}, old); ${setTouched}; }
    ${resizeSource(field)}
    this.$${index} = value;
    ${type.isElement ? `if (this.$parent.$indexes !== null) this.$parent.$indexes.change(this, ${index}, old);` : ""}
  }`;
}

/** Of the values that need no more than a look: a condition that holds for nothing that the check would refuse or change. */
function isPlainlyValid({ kind, min, max, lengthMax }: SchemaNode): string {
  switch (kind) {
    case "int": {
      // A zero may be a negative one.
      const bounds = [min === undefined ? "" : ` && value >= ${min}`, max === undefined ? "" : ` && value <= ${max}`];
      return `typeof value === "number" && (value | 0) === value && value !== 0${bounds.join("")}`;
    }
    case "boolean":
      return 'typeof value === "boolean"';
    case "string":
      return `typeof value === "string" && value.length <= ${lengthMax}`;
    default:
      return "false";
  }
}

/** What the state weighs after the write, where the new value may weigh something else. */
function resizeSource({ index, node }: FieldType): string {
  const general = `this.$resize(${index}, value);`;
  switch (node.kind) {
    case "string":
      // Two texts: the same as in general, without asking twice what they are.
      return `if (value !== undefined && old !== undefined) state.bytes += value.length - old.length; else ${general}`;
    case "json":
    case "principal":
      return general;
    default:
      return "";
  }
}
