import type { DocumentState } from "../state/document-state.ts";
import { fieldBit, type ReadTracker, type Trackable } from "../state/read-tracker.ts";
import { FieldCell, type RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { StateNode } from "../state/state-node.ts";

/**
 * Which parts of the state are shown, or decide what is shown, depending on who is connected. Who was connected when is not
 * known afterwards, and so neither is what was shown: someone of whom nobody knows what was sent before may have been told
 * of any change there. It is logged, because that holds after a reopening as well; and it holds for every newcomer, also one
 * whose own policies and views have not looked at who is connected yet: others of its kind may have, before a reopening.
 */
export class PresenceReads {
  /** Guards without the document that looked nevertheless: their record is the document. By index. */
  readonly localGuards = new Set<number>();
  readonly #state: DocumentState;
  /** Names of fields of the root. */
  readonly #fields = new Set<string>();
  #isLogged = true;

  constructor(state: DocumentState) {
    this.#state = state;
  }

  /** A view or computed value looked at who is connected, and at these. */
  noteView({ nodes }: ReadTracker): void {
    for (const node of nodes) this.#addPlaceOf(node);
  }

  /** So did a policy: it decides on `record` or one of its fields. */
  notePolicy(guard: Guard, record: RecordNode, { nodes, ownFields }: ReadTracker): void {
    const { root } = this.#state;
    for (const node of nodes) this.#addPlaceOf(node);
    if (record !== root) {
      this.#addPlaceOf(record);
      return;
    }
    for (const field of root.$type.slots) {
      if (field.guard === guard || (ownFields & fieldBit(field.index)) !== 0) this.#add(field.name);
    }
  }

  /** By index; -1 for others. */
  dirtyLocalGuards(guardCount: number): readonly number[] | undefined {
    if (this.localGuards.size === 0) return undefined;
    return Array.from({ length: guardCount }, (_none, index) => (this.localGuards.has(index) ? 0 : -1));
  }

  /** The newest change there. */
  get newest(): number {
    const { root } = this.#state;
    let newest = 0;
    for (const name of this.#fields) {
      const { index } = root.$type.byName.get(name)!;
      const value = root.$get(index) as Partial<StateNode> | undefined;
      newest = Math.max(newest, root.$fieldStamp(index), value?.$stamp ?? 0);
    }
    return newest;
  }

  get names(): readonly string[] {
    return [...this.#fields];
  }

  /** Whether the log knows all of them. */
  get isLogged(): boolean {
    return this.#isLogged;
  }

  /** All of them, if the log does not know all. */
  takeChanges(isNew: boolean): readonly string[] | undefined {
    if ((this.#isLogged && !isNew) || this.#fields.size === 0) return undefined;
    this.#isLogged = true;
    return this.names;
  }

  /** As the log says it; other versions may have had other fields. */
  restore(names: readonly string[]): void {
    for (const name of names) if (this.#state.root.$type.byName.has(name)) this.#fields.add(name);
  }

  #addPlaceOf(node: Trackable): void {
    const { root } = this.#state;
    if (node instanceof FieldCell && node.record === root) {
      this.#add(root.$type.slots[node.index]!.name);
      return;
    }
    let place: Trackable | null = node instanceof FieldCell ? node.record : node;
    while (place !== null && place.$parent !== root) place = place.$parent;
    for (const { index, name } of root.$type.slots) if (place === null || root.$get(index) === place) this.#add(name);
  }

  #add(name: string): void {
    if (this.#fields.has(name)) return;
    this.#fields.add(name);
    this.#isLogged = false;
  }
}
