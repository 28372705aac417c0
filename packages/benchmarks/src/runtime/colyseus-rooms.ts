import { Decoder, Encoder, StateView, schema, t } from "@colyseus/schema";
import { CHANGES, changeItem, itemKey, newItem, type Touches } from "./item.ts";

/** Holds the full state of the largest case; its documentation says to raise it before an encoder is made. */
Encoder.BUFFER_SIZE = 1024 * 1024;

const itemFields = {
  name: t.string(),
  city: t.string(),
  note: t.string(),
  a: t.int32(),
  b: t.int32(),
  c: t.int32(),
  d: t.int32(),
  isOn: t.boolean(),
};
const Item = schema(itemFields, "Item");
const SharedState = schema({ items: t.map(Item) }, "SharedState");
const ViewedState = schema({ items: t.map(Item).view() }, "ViewedState");

type Items = InstanceType<typeof SharedState>["items"];

/** State that all clients share, encoded once per change as its documentation shows. */
export class ColyseusShared {
  bytes = 0;
  readonly #state = new SharedState();
  readonly #encoder = new Encoder(this.#state);
  readonly #touches: Touches;

  constructor(records: number, touches: Touches) {
    fill(this.#state.items, records);
    this.#touches = touches;
    this.#encoder.encodeAll();
    this.#encoder.discardChanges();
  }

  step(changes = CHANGES): void {
    change(this.#state.items, this.#touches, changes);
    this.bytes += this.#encoder.encode().length;
    this.#encoder.discardChanges();
  }

  /** Throws unless a client that gets what is encoded ends up with the same state. */
  verify(): void {
    const client = new SharedState();
    const decoder = new Decoder(client);
    decoder.decode(this.#encoder.encodeAll());
    change(this.#state.items, this.#touches);
    decoder.decode(this.#encoder.encode());
    this.#encoder.discardChanges();
    if (JSON.stringify(client.toJSON()) !== JSON.stringify(this.#state.toJSON())) {
      throw new Error("@colyseus/schema: the client's state is another one");
    }
  }
}

/** Every client has a view of its own, with the records it owns. */
export class ColyseusViews {
  bytes = 0;
  readonly #state = new ViewedState();
  readonly #encoder = new Encoder(this.#state);
  readonly #views: readonly StateView[];
  readonly #touches: Touches;

  constructor(records: number, owners: number, touches: Touches) {
    fill(this.#state.items, records);
    this.#touches = touches;
    this.#views = Array.from({ length: owners }, () => new StateView());
    for (let index = 0; index < records; index++) {
      this.#views[index % owners]!.add(this.#state.items.get(itemKey(index))!);
    }
    this.#join();
    this.#encoder.discardChanges();
  }

  step(): void {
    change(this.#state.items, this.#touches);
    this.#encode((bytes) => {
      this.bytes += bytes.length;
    });
  }

  /** Throws unless each client has exactly its own records, as they are now. */
  verify(): void {
    const clients = this.#join().map((bytes) => {
      const state = new ViewedState();
      const decoder = new Decoder(state);
      decoder.decode(bytes);
      return { state, decoder };
    });
    change(this.#state.items, this.#touches);
    this.#encode((bytes, owner) => clients[owner]!.decoder.decode(bytes));
    const owners = clients.length;
    for (const [owner, { state }] of clients.entries()) {
      for (let index = 0; index < this.#state.items.size; index++) {
        const theirs = state.items.get(itemKey(index))?.toJSON();
        const truth = index % owners === owner ? this.#state.items.get(itemKey(index))!.toJSON() : undefined;
        if (JSON.stringify(theirs) !== JSON.stringify(truth)) {
          throw new Error("@colyseus/schema: a client's view is another one");
        }
      }
    }
  }

  /** What each client gets that comes now. */
  #join(): Uint8Array[] {
    const it = { offset: 0 };
    this.#encoder.encodeAll(it);
    const sharedOffset = it.offset;
    return this.#views.map((view) => this.#encoder.encodeAllView(view, sharedOffset, it));
  }

  #encode(send: (bytes: Uint8Array, owner: number) => void): void {
    const it = { offset: 0 };
    this.#encoder.encode(it);
    const sharedOffset = it.offset;
    for (let owner = 0; owner < this.#views.length; owner++) {
      send(this.#encoder.encodeView(this.#views[owner]!, sharedOffset, it), owner);
    }
    this.#encoder.discardChanges();
  }
}

function fill(items: Items, records: number): void {
  for (let index = 0; index < records; index++) {
    const item = new Item();
    Object.assign(item, newItem(index));
    items.set(itemKey(index), item);
  }
}

function change(items: Items, touches: Touches, changes = CHANGES): void {
  const tick = ++touches.tick;
  for (let change = 0; change < changes; change++) changeItem(items.get(touches.next())!, change, tick);
}
