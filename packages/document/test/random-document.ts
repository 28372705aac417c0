import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Random } from "@tidewire/foundation";
import { type SchemaHolder, type SchemaNode, schemaKey } from "../src/author/schema-node.ts";
import { defineDocument, message, record, t } from "../src/index.ts";

// oxlint-disable typescript/no-explicit-any -- schemas and handlers of which only the generator knows the types

/** Every text and key the generator makes, so that a test can ask who was ever allowed to see it. */
const tokenPattern = /T\d+x/g;

export function tokensIn(text: string): string[] {
  return text.match(tokenPattern) ?? [];
}

type Policy = (record: any, viewer: any, doc: any) => boolean;

const policies: readonly Policy[] = [
  (record) => record.open === true,
  (record) => record.open !== true,
  (_record, viewer) => viewer.principal.agent === "ann",
  (record, viewer) => record.owner === viewer.principal.agent,
  (_record, _viewer, doc) => doc.flag,
  (_record, _viewer, doc) => !doc.flag,
  (record, viewer, doc) => doc.flag || record.owner === viewer.principal.agent,
  (_record, viewer) => viewer.viewState?.zoom === 1,
  (_record, _viewer, doc) => doc.presence.agents.includes("bob"),
  (record, _viewer, doc) => (doc.others.get(record.owner)?.x ?? 0) > 2,
  (_record, _viewer, doc) => doc.total % 2 === 0,
  (_record, _viewer, doc) => doc.hidden.where({ x: 1 }).count() > 0,
  (record, viewer, doc) => record.open === true && doc.others.get(viewer.principal.agent) !== undefined,
];

/** Whose answers come from who is connected, and from what else they look at then. */
const presencePolicies: readonly Policy[] = [
  (_record, _viewer, doc) => doc.presence.agents.includes("bob"),
  (record, _viewer, doc) => doc.presence.agents.includes(record.owner),
  (record, _viewer, doc) => record.open === true || doc.presence.agents.length > 1,
  (_record, viewer, doc) => (doc.presence.agents.length > 1 ? doc.flag : viewer.principal.agent === "ann"),
  (record, _viewer, doc) => doc.presence.agents.includes("cid") && (doc.others.get(record.owner)?.x ?? 0) > 1,
  (_record, _viewer, doc) => doc.presence.agents.includes("ann") && doc.hidden.where({ x: 1 }).count() > 0,
  (_record, viewer, doc) => doc.flag && doc.presence.has(viewer.principal),
  (_record, _viewer, doc) => doc.crowd,
];

/** Of fields of the document itself, which is then their record. */
const rootPolicies: readonly Policy[] = [
  (doc) => doc.presence.agents.length > 1,
  (doc, viewer) => doc.presence.agents.includes("bob") && viewer.principal.agent !== "bob",
  (doc) => doc.presence.agents.includes("ann") && doc.others.get("ann") !== undefined,
  (doc) => doc.crowd,
];

interface Shape {
  readonly random: Random;
  depth: number;
  /** Every record has a field of its own for the views that look at what their viewers do not see. */
  readonly hasMark: boolean;
  readonly policies: readonly Policy[];
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)]!;
}

function maybePolicy(shape: Shape, field: any): any {
  const { random, policies } = shape;
  const roll = random.below(10);
  if (roll < 3) return field.visibleTo(pick(random, policies));
  return roll === 3 ? field.private() : field;
}

function scalarField({ random }: Shape): any {
  const field = pick<() => any>(random, [
    () => t.int(),
    () => t.string(),
    () => t.boolean(),
    () => t.enum("red", "green", "blue"),
    () => t.number(),
    () => t.json(),
    () => t.principal(),
  ])();
  return random.below(3) === 0 || needsValue(field) ? field.optional() : field;
}

function needsValue(field: SchemaHolder): boolean {
  return field[schemaKey].kind === "json" || field[schemaKey].kind === "principal";
}

function randomRecord(shape: Shape): any {
  const { random } = shape;
  const fields: Record<string, any> = { open: t.boolean(), owner: t.enum("ann", "bob", "cid") };
  const count = 1 + random.below(3);
  for (let index = 0; index < count; index++) fields[`f${index}`] = maybePolicy(shape, randomField(shape));
  if (shape.hasMark) fields["mark"] = randomMark(random);
  const made = record(fields);
  return random.below(3) === 0 ? made.visibleTo(pick(random, shape.policies)) : made;
}

function randomMark(random: Random): any {
  return random.below(2) === 0 ? t.int().private() : t.int().visibleTo(pick(random, policies));
}

function randomField(shape: Shape): any {
  const { random, depth } = shape;
  const roll = random.below(depth > 0 ? 10 : 6);
  if (roll < 5) return scalarField(shape);
  if (roll === 5) return t.list(t.int());
  if (roll === 6) return t.map(t.string());
  const inner = { ...shape, depth: depth - 1 };
  if (roll === 7) return t.map(randomRecord(inner));
  if (roll === 8) return t.table(randomRecord(inner));
  const nested = randomRecord(inner);
  return random.below(2) === 0 ? nested.optional() : nested;
}

/** A view function of some kind over the tables there are. */
function randomView(random: Random, tables: readonly string[]): (doc: any, viewer: any) => unknown {
  const table = pick(random, tables);
  return pick<(doc: any, viewer: any) => unknown>(random, [
    (doc, viewer) => doc[table].where({ owner: viewer.principal.agent }).orderBy("open"),
    (doc) => doc[table].where({ open: true }).limit(3),
    (doc) => doc[table].count(),
    (doc) => doc[table].first(),
    (doc, viewer) => doc[table].filter((row: any) => row.owner !== viewer.principal.agent),
    (doc) => doc.presence.agents,
    (doc, viewer) => ({ who: viewer.principal.agent, even: doc.total % 2 === 0 }),
    (doc) => (doc.flag ? doc[table] : undefined),
    (doc) => (doc.flag ? [1, 2] : { not: ["flagged"] }),
    (doc) => doc.others.get("ann"),
    (doc) => doc.others.where({ x: doc.total % 5 }),
    (doc, viewer) =>
      doc.others.where((row: any) => row.x % 2 === viewer.principal.agent.length % 2).orderBy("x", "desc"),
    (doc) => doc.others.where({ x: 1 }).keys(),
  ]);
}

/** Views whose results come from fields, records and orders that their viewers may not see. */
function randomViewOfHidden(random: Random, tables: readonly string[]): (doc: any, viewer: any) => unknown {
  const table = pick(random, tables);
  return pick<(doc: any, viewer: any) => unknown>(random, [
    (doc) => doc[table].where({ mark: 1 }),
    (doc) => doc[table].where({ mark: 1 }).count(),
    (doc) => doc[table].where({ mark: 1 }).first(),
    (doc, viewer) => doc[table].where({ owner: viewer.principal.agent, mark: 1 }).keys(),
    (doc, viewer) => doc[table].where({ owner: viewer.principal.agent }).count(),
    (doc) => doc[table].where({ open: true }).first(),
    (doc) => doc[table].where({ open: true }).orderBy("mark").limit(2),
    (doc) => doc[table].orderBy("mark"),
    (doc) => doc[table].where((row: any) => row.open || row.mark % 2 === 0),
    (doc) => doc[table].where((row: any) => row.open).limit(1),
    (doc, viewer) => doc[table].where((row: any) => row.owner === viewer.principal.agent),
    (doc) => doc[table].orderBy("open").offset(1),
    (doc) => (doc[table].where({ open: true }).count() > 2 ? doc[table] : undefined),
    (doc) => [...doc[table]].slice(0, 2),
    (doc) => doc[table].get("2"),
  ]);
}

/** Views whose results come from who is connected, and from what else they look at then. */
function randomViewOfPresence(random: Random, tables: readonly string[]): (doc: any, viewer: any) => unknown {
  const table = pick(random, tables);
  return pick<(doc: any, viewer: any) => unknown>(random, [
    (doc) => (doc.presence.agents.includes("bob") ? doc[table] : undefined),
    (doc) => (doc.presence.agents.length > 1 ? doc[table].where({ open: true }).count() : doc.total),
    (doc) => doc.presence.agents.map((agent: string) => doc[table].where({ owner: agent }).count()),
    (doc) => doc[table].where((row: any) => doc.presence.agents.includes(row.owner)),
    (doc) => (doc.presence.agents.includes("cid") ? doc.hidden.size : undefined),
    (doc, viewer) => doc.presence.has(viewer.principal) && doc[table].where({ owner: "ann" }).first(),
    (doc) => doc.presence.agents.map((agent: string) => doc.others.get(agent)?.x ?? 0),
    (doc) => (doc.crowd ? doc[table].first() : [1]),
    (doc) => doc.presence.principals.length,
  ]);
}

/** Views that give maps. */
function randomViewOfMap(random: Random): (doc: any, viewer: any) => unknown {
  return pick<(doc: any, viewer: any) => unknown>(random, [
    (doc) => doc.others,
    (doc) => doc.people,
    (doc) => doc.words,
    (doc) => (doc.flag ? doc.people : doc.words),
    (doc) => (doc.flag ? doc.people : doc.others.where({ x: 1 })),
    (doc) => (doc.total % 2 === 0 ? doc.people : { people: doc.people.size }),
    (doc, viewer) => (viewer.principal.agent === "ann" ? doc.people : doc.others),
    (doc) => doc.s0.first()?.f0,
  ]);
}

const anything: StandardSchemaV1 = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };

const viewsThatLookAt = { hidden: randomViewOfHidden, presence: randomViewOfPresence, maps: randomViewOfMap };

export type Mutate = (doc: any, arg: any, ctx: any) => unknown;

/** What policies and views look at beside anything: what their viewers do not see, who is connected, or maps. */
export type LooksAt = "hidden" | "presence" | "maps";

/** A document type with random shape, policies and views, and one message that changes anything at random. */
export function randomDocument(random: Random, mutate: Mutate, looksAt?: LooksAt): unknown {
  // Keys are sorted: with other tokens it would be another history.
  tokens = 0;
  const looksAtHidden = looksAt === "hidden";
  const looksAtPresence = looksAt === "presence";
  const shape: Shape = {
    random,
    depth: 2,
    hasMark: looksAtHidden,
    policies: looksAtPresence ? [...policies, ...presencePolicies, ...presencePolicies] : policies,
  };
  const state: Record<string, any> = {
    flag: t.boolean(),
    total: t.int(),
    others: t.map(
      record({ x: t.int(), note: t.string().visibleTo((_row, viewer) => viewer.principal.agent === "ann") }),
    ),
    hidden: t.table(record({ x: t.int(), secret: t.string() })).private(),
  };
  if (looksAt === "maps") {
    state["people"] = maybePolicy(shape, t.map(randomRecord(shape)));
    state["words"] = maybePolicy(shape, t.map(t.string()));
  }
  const tables: string[] = [];
  const count = 2 + random.below(3);
  for (let index = 0; index < count; index++) {
    const name = `s${index}`;
    const isTable = index === 0 || random.below(2) === 0;
    if (isTable) tables.push(name);
    const field = isTable ? t.table(randomRecord(shape)) : randomField(shape);
    // A record's own policy is given the record.
    const isByPresence = looksAtPresence && field[schemaKey].kind !== "record" && random.below(4) === 0;
    state[name] = isByPresence ? field.visibleTo(pick(random, rootPolicies)) : maybePolicy(shape, field);
  }
  const views: Record<string, any> = {};
  const viewCount = random.below(4);
  for (let index = 0; index < viewCount; index++) {
    const own = looksAt === undefined ? undefined : viewsThatLookAt[looksAt];
    const make = own !== undefined && random.below(4) > 0 ? own : randomView;
    views[`v${index}`] = make(random, tables);
  }
  const nested = Object.keys(state).find((name) => state[name][schemaKey].kind === "record");
  if (nested !== undefined) views["nested"] = (doc: any) => doc[nested];
  return defineDocument({
    space: "random",
    createsOnDemand: true,
    state,
    computed: {
      doubled: (doc: any) => doc.total * 2,
      many: (doc: any) => doc.hidden.size > 2,
      ...(looksAtPresence ? { crowd: (doc: any) => doc.presence.agents.length > 1 && doc.flag } : {}),
    },
    views,
    viewState: anything,
    timers: { later: () => {} },
    messages: { mutate: message(anything, mutate) },
  });
}

let tokens = 0;

function token(): string {
  return `T${++tokens}x`;
}

/** Changes something somewhere in a record, whatever its shape. */
export function mutateRecord(target: any, fields: Readonly<Record<string, SchemaNode>>, random: Random): void {
  const name = pick(random, Object.keys(fields));
  const node = fields[name]!;
  switch (node.kind) {
    case "list":
      mutateList(target[name], random);
      return;
    case "map":
      mutateMap(target[name], node.element!, random);
      return;
    case "table":
      mutateTable(target[name], node.element!, random);
      return;
    case "record":
      if (target[name] !== undefined && random.below(4) > 0) mutateRecord(target[name], node.fields!, random);
      else if (node.isOptional && random.below(2) === 0) target[name] = undefined;
      else target[name] = randomValues(node, random);
      return;
    default:
      target[name] = node.isOptional && random.below(3) === 0 ? undefined : randomScalar(node, random);
  }
}

function mutateList(list: any, random: Random): void {
  if (list.length > 0 && random.below(2) === 0) list.splice(random.below(list.length), 1);
  else list.push(random.below(100));
}

function mutateMap(map: any, element: SchemaNode, random: Random): void {
  const keys = map.keys();
  const roll = random.below(4);
  if (keys.length > 0 && roll === 0) map.delete(pick(random, keys));
  else if (keys.length > 0 && roll === 1 && element.kind === "record") {
    mutateRecord(map.get(pick(random, keys)), element.fields!, random);
  } else {
    const key = keys.length > 0 && (roll === 2 || keys.length > 6) ? pick<string>(random, keys) : token();
    map.set(key, element.kind === "record" ? randomValues(element, random) : randomScalar(element, random));
  }
}

function mutateTable(table: any, element: SchemaNode, random: Random): void {
  const rows: any[] = table.toArray();
  const roll = random.below(7);
  if (rows.length === 0 || (roll < 2 && rows.length < 12)) {
    table.insert(randomValues(element, random), rows.length > 0 && roll === 0 ? { before: pick(random, rows).id } : {});
  } else if (roll === 2) table.delete(pick(random, rows).id);
  else if (roll === 3) {
    const before = pick(random, [undefined, ...rows]);
    table.move(pick(random, rows).id, before?.id);
  } else if (roll === 4) {
    const { id } = pick(random, rows);
    table.delete(id);
    table.insert(randomValues(element, random), { id });
  } else mutateRecord(pick(random, rows), element.fields!, random);
}

function randomValues(node: SchemaNode, random: Random): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(node.fields!)) {
    if (field.isOptional && random.below(3) === 0) continue;
    if (field.kind === "list") values[name] = [1, 2];
    else if (field.kind === "map") {
      const value = field.element!.kind === "record" ? randomValues(field.element!, random) : token();
      values[name] = { [token()]: value };
    } else if (field.kind === "table") values[name] = [randomValues(field.element!, random)];
    else if (field.kind === "record") values[name] = randomValues(field, random);
    else values[name] = randomScalar(field, random);
  }
  return values;
}

function randomScalar(node: SchemaNode, random: Random): unknown {
  switch (node.kind) {
    case "int":
      return random.below(5);
    case "number":
      return random.below(9) / 2;
    case "boolean":
      return random.below(2) === 0;
    case "enum":
      return pick(random, node.values!);
    case "principal":
      return { agent: pick(random, ["ann", "bob", "cid"]), authority: "dev" };
    case "json":
      return pick<() => unknown>(random, [
        () => token(),
        () => [token(), { deep: token() }],
        () => ({ [token()]: { a: token() }, b: 1 }),
        () => 7,
      ])();
    default:
      return token();
  }
}
