import { checkScalar } from "../author/scalar-check.ts";
import type { SchemaNode } from "../author/schema-node.ts";
import { StateError } from "../author/state-error.ts";
import type { DocumentState } from "./document-state.ts";

export type FieldCheck = (value: unknown, state: DocumentState) => unknown;

/** Checks one field's values; errors name the field. Principals come back interned. */
export function fieldCheck(field: { readonly name: string; readonly node: SchemaNode }): FieldCheck {
  const { name, node } = field;
  const isPrincipal = node.kind === "principal";
  return (value, state) => {
    if (value === undefined && node.isOptional) return undefined;
    try {
      if (value === undefined || value === null) throw new StateError(missing(value));
      const checked = checkScalar(node, value);
      return isPrincipal ? state.intern(checked) : checked;
    } catch (thrown) {
      throw thrown instanceof StateError ? new StateError(`field "${name}": ${thrown.message}`) : thrown;
    }
  };
}

function missing(value: null | undefined): string {
  return value === null ? "state holds no nulls: assign undefined to an optional field" : "is not optional";
}
