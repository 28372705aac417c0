import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import {
  compileDocument,
  type DocumentMessages,
  type DocumentView,
  type DocumentViewState,
  defineDocument,
  message,
  record,
  t,
} from "../src/index.ts";

// oxlint-disable typescript/no-explicit-any -- definitions that are wrong on purpose

const define = (spec: object): unknown => defineDocument({ space: "wrong", state: {}, ...spec } as never);

describe("a definition is checked when it is compiled", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["something else", () => ({}), /defineDocument/],
    ["a bad space", () => define({ space: "X" }), /space/],
    ["a bad version", () => define({ version: 0 }), /version/],
    ["a name of every object", () => define({ state: { constructor: t.int() } }), /field name/],
    ["a name with @", () => define({ state: { "@s": t.int() } }), /cannot be a field|field name/],
    ["a name with a space", () => define({ state: { rows: t.table(record({ "a b": t.int() })) } }), /field name/],
    ["a row with an id", () => define({ state: { rows: t.table(record({ id: t.int() })) } }), /id already/],
    ["presence as a field", () => define({ state: { presence: t.int() } }), /defined twice/],
    ["one name for two things", () => define({ state: { a: t.int() }, views: { a: () => 1 } }), /defined twice/],
    ["a list of records", () => define({ state: { a: t.list(record({}) as any) } }), /scalars/],
    ["a map of lists", () => define({ state: { a: t.map(t.list(t.int())) } }), /scalars or records/],
    ["a table of scalars", () => define({ state: { a: t.table(t.int() as any) } }), /records/],
    [
      "policies on elements",
      () => define({ state: { a: t.map(t.int().visibleTo(() => true)) } }),
      /belong to the field/,
    ],
    ["an empty range", () => define({ state: { a: t.int().min(3).max(2) } }), /doc\.a: no number is from 3 to 2/],
    ["a range without an integer", () => define({ state: { a: t.int().min(0.2).max(0.8) } }), /no number is/],
    ["a range of nothing", () => define({ state: { a: t.list(t.number().min(Number.NaN)) } }), /doc\.a\[\]: no number/],
    ["a broken length", () => define({ state: { a: t.string(-1) } }), /a length is a whole number/],
    ["a word twice", () => define({ state: { a: t.enum("x", "x") } }), /twice/],
    ["no words", () => define({ state: { a: (t.enum as any)() } }), /one word or more/],
    ["a wrong default", () => define({ state: { a: t.int().default("x" as any) } }), /default/],
    ["a message that is none", () => define({ messages: { a: () => {} } }), /message\(\)/],
    ["a timer that is none", () => define({ timers: { a: 1 } }), /timer/],
    [
      "a message without a handler",
      () => define({ messages: { a: (message as any)(z.string()) } }),
      /"a" has no handler/,
    ],
    [
      "a message that takes no schema",
      () => define({ messages: { a: message({} as any, () => 1) } }),
      /Standard Schema/,
    ],
    ["no message at all", () => define({ messages: { a: undefined } }), /"a" is not made with message/],
    ["a view that is no function", () => define({ views: { a: 5 } }), /views\.a is not a function, but a number/],
    ["a computed value that is none", () => define({ computed: { a: "x" } }), /computed\.a is not a function/],
    ["a hook that is none", () => define({ onConnect: {} }), /onConnect is not a function, but an object/],
    ["a rule that is none", () => define({ access: { connect: true } }), /access\.connect is not a function/],
    ["a rule that there is not", () => define({ access: { conect: () => true } }), /no rule "conect", only create/],
    ["a migration that is none", () => define({ version: 2, migrate: { 1: {} } }), /migrate\.1 is not a function/],
    ["a migration from nowhere", () => define({ migrate: { one: () => {} } }), /migrate\.one is no version/],
    ["a policy that is none", () => define({ state: { a: t.int().visibleTo("all" as any) } }), /doc\.a: a policy/],
    [
      "a record's policy that is none",
      () => define({ state: { a: t.table(record({}).visibleTo(1 as any)) } }),
      /doc\.a\[\]: a policy/,
    ],
    ["view state without a schema", () => define({ viewState: { zoom: 1 } }), /viewState is not a Standard Schema/],
    ["an argument without a schema", () => define({ createArg: {} }), /createArg is not a Standard Schema/],
    ["a word that means nothing", () => define({ mesages: {} }), /no "mesages": it takes space, version, state/],
    [
      "fields without record",
      () => (t.table as any)({ x: t.int() }),
      /t\.table takes a schema: build it with t or record/,
    ],
    ["no state", () => define({ state: undefined }), /fields are an object of schemas, not undefined/],
    [
      "too many policies in one record",
      () =>
        define({
          state: Object.fromEntries(
            Array.from({ length: 31 }, (_, index) => [`f${index}`, t.int().visibleTo(() => true)]),
          ),
        }),
      /30 fields/,
    ],
  ])("%s", (_name, definition, text) => {
    expect(() => compileDocument(definition())).toThrow(text);
  });

  test("a document begins with numbers that its ranges allow", () => {
    const state = {
      low: t.int().min(-9).max(-1),
      high: t.int().min(2.5).max(7),
      part: t.number().min(-2).max(-0.5),
      plain: t.number().min(-1).max(1),
    };
    const definition = defineDocument({ space: "ranges", createsOnDemand: true, state });
    const instance = compileDocument(definition).open(
      { space: "ranges", key: "k" },
      { seq: 0, isDeleted: false, patches: [] },
    );
    const principal = { agent: "a", authority: "" };
    expect(instance.execute({ kind: "connect", principal }, 1).status).toBe("done");
    instance.takePatch();
    const view: unknown = JSON.parse(Buffer.from(instance.view(principal).json).toString());
    expect(view).toEqual({ low: -1, high: 3, part: -0.5, plain: 0 });
  });

  test("a state field that is no schema is refused at once", () => {
    expect(() => define({ state: { a: 5 } })).toThrow(/not a schema/);
    expect(() => record({ a: t.int() }).visibleFields({ b: () => true } as any)).toThrow(/unknown field/);
  });

  test("a definition of another copy of this package is as good", () => {
    const copy = structuredClone({
      space: "copied",
      version: 1,
      computed: {},
      views: {},
      access: {},
      createsOnDemand: true,
      timers: {},
      migrate: {},
    });
    const foreign = {
      ...copy,
      [Symbol.for("tidewire.document")]: 1,
      viewState: undefined,
      stateFields: { count: { kind: "int", isOptional: false, isPrivate: false } },
      messages: {
        count: { [Symbol.for("tidewire.message")]: 1, schema: undefined, handler: (doc: any) => ++doc.count },
      },
    };
    const instance = compileDocument(foreign).open(
      { space: "copied", key: "k" },
      { seq: 0, isDeleted: false, patches: [] },
    );
    const principal = { agent: "a", authority: "" };
    expect(instance.execute({ kind: "message", principal, message: "count" }, 1)).toMatchObject({
      status: "done",
      value: "1",
    });
  });

  test("many fields work as few do", () => {
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, t.int()]));
    const definition = defineDocument({
      space: "wide",
      createsOnDemand: true,
      state: fields,
      messages: {
        set: message((doc: Record<string, number>) => {
          for (let index = 0; index < 200; index += 7) doc[`f${index}`]! += index;
        }),
        fail: message((doc: Record<string, number>) => {
          for (let index = 0; index < 200; index++) doc[`f${index}`] = 9;
          throw new Error("no");
        }),
      },
    });
    const instance = compileDocument(definition).open(
      { space: "wide", key: "k" },
      { seq: 0, isDeleted: false, patches: [] },
    );
    const principal = { agent: "a", authority: "" };
    for (const name of ["set", "fail", "set"]) instance.execute({ kind: "message", principal, message: name }, 1);
    instance.takePatch();
    const view = JSON.parse(Buffer.from(instance.view(principal).json).toString()) as Record<string, number>;
    expect(view["f196"]).toBe(392);
    expect(view["f1"]).toBe(0);
  });
});

describe("schemas are validators of plain data", () => {
  const schema = record({
    n: t.int().min(0),
    name: t.string(3).optional(),
    kind: t.enum("a", "b").default("a"),
    tags: t.list(t.string()),
    by: t.principal().optional(),
    at: record({ x: t.number() }).optional(),
    many: t.map(t.boolean()),
  } as any);
  const validate = (value: unknown): any => schema["~standard"].validate(value);

  test("they fill in defaults and tell where they refuse", () => {
    expect(validate({ n: 1, tags: ["x"], many: { k: true } })).toEqual({
      value: { n: 1, kind: "a", tags: ["x"], many: { k: true } },
    });
    expect(validate({ n: 1 })).toEqual({ value: { n: 1, kind: "a", tags: [], many: {} } });
    expect(validate({ n: -1 })).toMatchObject({ issues: [{ path: ["n"] }] });
    expect(validate({ n: 1, at: { x: "1" } })).toMatchObject({ issues: [{ path: ["at", "x"] }] });
    expect(validate({ n: 1, tags: [1] })).toMatchObject({ issues: [{ path: ["tags", "0"] }] });
    expect(validate({ n: 1, unknown: 1 })).toMatchObject({ issues: [{ path: ["unknown"] }] });
    expect(validate({})).toMatchObject({ issues: [{ path: ["n"], message: "is missing" }] });
    expect(validate(5)).toMatchObject({ issues: [{ path: [] }] });
    expect(validate(JSON.parse('{"n":1,"__proto__":{}}'))).toMatchObject({ issues: [{ path: ["__proto__"] }] });
  });
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function assertType<_Check extends true>(): void {}

const typed = defineDocument({
  space: "typed",
  viewState: z.object({ zoom: z.number() }),
  state: {
    phase: t.enum("lobby", "play"),
    players: t.map(
      record({ score: t.int(), hand: t.list(t.string()), note: t.string().optional(), pin: t.int().private() }),
    ),
    cards: t.table(record({ rank: t.int(), face: t.string().visibleTo(() => true), holder: t.principal().optional() })),
    seed: t.int().private(),
  },
  computed: { total: (doc) => doc.cards.size + doc.players.size },
  views: {
    best: (doc) => doc.cards.where({ rank: 1 }).first(),
    zoom: (doc, viewer, viewState) => viewer.principal.agent + doc.total.toFixed() + String(viewState?.zoom),
  },
  timers: {
    tick(doc, arg: number, ctx) {
      doc.seed = arg + ctx.now;
    },
  },
  messages: (message) => ({
    play: message(z.object({ tile: z.int() }), (doc, arg, ctx) => {
      const player = doc.players.get(ctx.principal.agent);
      if (player === undefined) return ctx.reject("no_player");
      player.score += arg.tile;
      player.hand.push("x");
      player.note = undefined;
      doc.phase = "play";
      // @ts-expect-error: not a phase
      doc.phase = "over";
      // @ts-expect-error: no such field
      void doc.nothing;
      // @ts-expect-error: a number
      player.score = "many";
      // @ts-expect-error: not optional
      player.score = undefined;
      // @ts-expect-error: an id is given, once
      doc.cards.get("1")!.id = "2";
      // @ts-expect-error: not a list of numbers
      player.hand.push(1);
      // @ts-expect-error: a text of a message is not a number
      void arg.tile.length;
      // @ts-expect-error: presence is looked at, not changed
      doc.presence.agents.push("x");
      // @ts-expect-error: computed values are not assigned
      doc.total = 1;
      // @ts-expect-error: a container is not assigned
      doc.players = undefined;
      // @ts-expect-error: rank is missing
      doc.cards.insert({ face: "x" });
      // @ts-expect-error: not a field to compare
      doc.cards.where({ nothing: 1 });
      return { score: player.score };
    }),
    quit: message((doc) => void (doc.seed = 1)),
  }),
});

describe("types", () => {
  test("of a document say what clients see and send", () => {
    type View = DocumentView<typeof typed>;
    type Messages = DocumentMessages<typeof typed>;
    assertType<Equal<View["phase"], "lobby" | "play">>();
    assertType<Equal<View["total"], number>>();
    assertType<Equal<View["zoom"], string>>();
    assertType<Equal<View["players"][string]["score"], number>>();
    assertType<Equal<View["players"][string]["note"], string | undefined>>();
    assertType<Equal<View["cards"][number]["face"], string | undefined>>();
    assertType<Equal<View["cards"][number]["id"], string>>();
    assertType<Equal<NonNullable<View["best"]>["rank"], number | undefined>>();
    assertType<Equal<"seed" extends keyof View ? true : false, false>>();
    assertType<Equal<"pin" extends keyof View["players"][string] ? true : false, false>>();
    assertType<Equal<Messages["play"]["arg"], { tile: number }>>();
    assertType<Equal<Messages["play"]["value"], { score: number }>>();
    assertType<Equal<Messages["quit"]["arg"], undefined>>();
    assertType<Equal<DocumentViewState<typeof typed>, { zoom: number }>>();
    expect(compileDocument(typed).space).toBe("typed");
  });
});
