import type { DocumentState } from "./document-state.ts";
import { ListNode } from "./list-node.ts";
import { MapNode } from "./map-node.ts";
import type { FieldType } from "./record-type.ts";
import type { StateNode } from "./state-node.ts";
import { TableNode } from "./table-node.ts";

export type AnyContainer = ListNode | MapNode | TableNode;

export function newContainer(state: DocumentState, parent: StateNode, field: FieldType): AnyContainer {
  switch (field.node.kind) {
    case "list":
      return new ListNode(state, parent, field);
    case "map":
      return new MapNode(state, parent, field);
    default:
      return new TableNode(state, parent, field);
  }
}
