import { describe, expect, test } from "@jest/globals";
import type { JsonObject, JsonValue } from "@tidewire/delta";
import { SeededRandom } from "@tidewire/foundation";
import type { SchemaNode } from "../src/author/schema-node.ts";
import type { DocumentDefinition } from "../src/index.ts";
import { Bench, type FakeClient, isDormant, principalOf } from "./bench.ts";
import { type LooksAt, type Mutate, mutateRecord, randomDocument, tokensIn } from "./random-document.ts";

const histories = Number(process.env["DOCUMENT_HISTORIES"] ?? 100);
const stepsPerHistory = 40;
const firstSeed = Number(process.env["DOCUMENT_SEED"] ?? 1);
const agents = ["ann", "bob", "cid"] as const;

/** Deltas may delete only what the receiver holds: anything else tells of something it does not see. */
function assertDeletesOnlyHeld(delta: JsonObject, state: JsonValue | undefined, path: string): void {
  for (const [key, value] of Object.entries(delta)) {
    if (key.startsWith("@")) continue;
    const held = heldAt(state, key);
    if (value === null) {
      // An optional field that came and went between two frames is not worth remembering.
      if (held === undefined && /T\d+x|^\d+$/.test(key))
        throw new Error(`${path}.${key} is deleted but was never held`);
    } else if (typeof value === "object" && !Array.isArray(value)) {
      assertDeletesOnlyHeld(value as JsonObject, held, `${path}.${key}`);
    }
  }
}

function heldAt(state: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(state)) {
    const elements = state as JsonObject[];
    // Records of a map do not say their key: that they were held shows in `@o` being accepted.
    return elements.some((element) => element["id"] === undefined) ? elements : elements.find(({ id }) => id === key);
  }
  return typeof state === "object" && state !== null ? (state as JsonObject)[key] : undefined;
}

/**
 * Plain: without views, and with policies that look at nothing but their record and the viewer. Dormant: the same, where
 * all viewers are dormant who may be, after each delivery.
 */
type Kind = "any" | "plain" | "dormant" | LooksAt;

class History {
  readonly random: SeededRandom;
  readonly bench: Bench;
  readonly clients: FakeClient[] = [];
  readonly kind: Kind;
  readonly looksAtPresence: boolean;
  /** What GET named last, by agent. */
  named: readonly number[] = agents.map(() => 0);
  attached = 0;
  /** How often a viewer was dormant when a delivery began. */
  dormant = 0;

  constructor(seed: number, kind: Kind) {
    this.random = new SeededRandom(seed);
    const mutate: Mutate = (doc, arg, ctx) => {
      const random = new SeededRandom(arg.seed);
      const fields = (made as DocumentDefinition).stateFields;
      for (let count = 1 + random.below(4); count > 0; count--) mutateRecord(doc, fields, random);
      if (random.below(10) === 0) ctx.after(random.below(100), "later");
      if (random.below(10) === 0) ctx.random.next();
      if (arg.fails) throw new Error("told to fail");
      return { count: random.below(3) };
    };
    const made = randomDocument(new SeededRandom(seed * 7919), mutate, looksAtOf(kind));
    const isPlain = kind === "plain" || kind === "dormant";
    const definition = isPlain ? plainer(made as DocumentDefinition, this.random.below(3) === 0) : made;
    this.looksAtPresence = codeOf(definition).includes("presence");
    this.kind = kind;
    this.bench = new Bench(definition, {
      tombstonesMax: 4 + this.random.below(20),
      // Classes that are forgotten have to be told what they were told before.
      ...(kind === "dormant" ? { hashIntervalMs: 0 } : {}),
      ...(kind === "presence" ? { idleClassesMax: this.random.below(3) } : {}),
    });
  }

  run(): void {
    for (let step = 0; step < stepsPerHistory; step++) {
      this.step();
      this.deliver();
      if (step % 8 === 7) this.catchUp();
    }
    this.catchUp();
    if (this.bench.faults.some((fault) => (fault as Error).message !== "told to fail")) {
      throw this.bench.faults.find((fault) => (fault as Error).message !== "told to fail");
    }
  }

  step(): void {
    const { random, bench } = this;
    switch (random.below(16)) {
      case 0:
        if (this.clients.length < 6) this.attach();
        break;
      case 1:
        if (this.clients.length > 0) this.detach(this.anyClient());
        break;
      case 2:
        if (this.clients.length > 0) this.resume(this.anyClient());
        break;
      case 3:
        if (this.clients.length > 0) {
          bench.instance.updateViewState(this.anyClient().viewer, JSON.stringify({ zoom: random.below(3) }));
        }
        break;
      case 4:
        if (random.below(4) === 0) this.reopen();
        break;
      case 5:
        this.mutate(true);
        break;
      default:
        // A batch of several, now and then.
        for (let count = random.below(4) === 0 ? 4 : 1; count > 0; count--) this.mutate(false);
        if (this.clients.length > 0) bench.instance.grant(this.anyClient().viewer, 1 + random.below(2));
    }
    bench.append();
  }

  mutate(fails: boolean): void {
    const { bench } = this;
    const seed = this.random.below(2 ** 31);
    const before = bench.instance.exists ? Buffer.from(bench.instance.snapshot()).toString() : undefined;
    const outcome = bench.instance.execute(
      {
        kind: "message",
        principal: { agent: "cid", authority: "dev" },
        message: "mutate",
        arg: JSON.stringify({ seed, fails }),
      },
      bench.now,
    );
    if ((outcome.status === "refused") !== fails) throw outcome.status === "refused" ? outcome.error.cause : outcome;
    if (fails) {
      expect(bench.instance.exists).toBe(before !== undefined);
      if (before !== undefined) expect(Buffer.from(bench.instance.snapshot()).toString()).toBe(before);
    }
  }

  attach(resume?: { seq: number; hash: string }, from?: FakeClient): void {
    const { bench, random } = this;
    const agent = from?.agent ?? agents[random.below(agents.length)]!;
    const outcome = bench.instance.execute({ kind: "connect", principal: { agent, authority: "dev" } }, bench.now);
    if (outcome.status === "refused") throw outcome.error;
    bench.append();
    const client = bench.attach(agent, {
      credit: random.below(3),
      // Frames with a hash are made for one class, those without may be shared by many.
      hashEvery: ++this.attached % 3 === 0,
      ...(resume === undefined ? {} : { resume }),
    });
    if (from !== undefined) client.startFrom(from);
    this.clients.push(client);
  }

  detach(client: FakeClient): void {
    this.bench.disconnect(client);
    this.clients.splice(this.clients.indexOf(client), 1);
  }

  resume(client: FakeClient): void {
    if (client.frames.length === 0) return;
    this.detach(client);
    this.attach({ seq: client.seq, hash: client.hash }, client);
  }

  reopen(): void {
    const { bench, random } = this;
    if (!bench.instance.exists) return;
    // What they have looked at for the first time is in the log with the append that follows.
    this.seqs();
    bench.append();
    const before = this.stored();
    const seqs = this.seqs();
    const clients = this.clients.splice(0);
    bench.reopen(random.below(3) === 0);
    expect(this.stored()).toBe(before);
    const after = this.seqs();
    // A newcomer may be told one too many, where nobody knows whether an answer changed with what it comes from.
    this.named = seqs;
    this.assertNothingGoesBack(after);
    bench.reopen(true);
    expect(this.seqs()).toEqual(after);
    for (const client of clients) {
      if (client.frames.length > 0) this.attach({ seq: client.seq, hash: client.hash }, client);
    }
  }

  /** Of what was removed before, a reader knows less. */
  stored(): string {
    const {
      stamps: _stamps,
      stampSeq: _stampSeq,
      ...rest
    } = JSON.parse(Buffer.from(this.bench.instance.snapshot()).toString()) as JsonObject;
    return JSON.stringify(rest);
  }

  seqs(): number[] {
    return agents.map((agent) => this.bench.get(agent).seq);
  }

  deliver(): void {
    for (const { viewer } of this.clients) if (isDormant(viewer)) this.dormant++;
    this.bench.deliver((client, frame, json) => {
      const { view } = this.bench.get(client.agent, client.viewer);
      const allowed = new Set(tokensIn(JSON.stringify(view)));
      const held = new Set(tokensIn(JSON.stringify(client.view)));
      for (const token of tokensIn(Buffer.from(frame.data).toString())) {
        if (!allowed.has(token) && !held.has(token)) throw new Error(`${token} leaks to ${client.agent}`);
      }
      if (frame.kind === "delta") assertDeletesOnlyHeld(json, client.view, "");
    });
  }

  catchUp(): void {
    for (const client of this.clients) this.bench.instance.grant(client.viewer, 10);
    this.deliver();
    for (const client of this.clients) {
      const { view, seq } = this.bench.get(client.agent, client.viewer);
      expect(client.view).toEqual(view);
      expect(client.seq).toBeLessThanOrEqual(seq);
    }
    this.assertNothingStale();
    if (this.kind === "presence" && this.bench.instance.exists) this.assertNothingGoesBack(this.seqs());
  }

  /** What is remembered of policies and views is the same as when they are asked for the first time. */
  assertNothingStale(): void {
    const { bench } = this;
    if (this.looksAtPresence || !bench.instance.exists) return;
    const fresh = bench.runtime.open(bench.name, { ...bench.stored, snapshot: bench.instance.snapshot(), patches: [] });
    for (const agent of agents) {
      const { hash, json } = fresh.view(principalOf(agent));
      const known = bench.get(agent);
      if (hash !== known.hash) expect(known.view).toEqual(JSON.parse(Buffer.from(json).toString()));
    }
  }

  assertNothingGoesBack(seqs: readonly number[]): void {
    for (const [index, agent] of agents.entries()) {
      if (seqs[index]! < this.named[index]!)
        throw new Error(`the seq of ${agent} goes back: ${this.named[index]}, ${seqs[index]}`);
    }
    this.named = seqs;
  }

  anyClient(): FakeClient {
    return this.clients[this.random.below(this.clients.length)]!;
  }
}

/**
 * The same without views, and with policies that look at their record and the viewer alone: what nobody is told is then
 * told from what has changed, without asking every viewer's policies.
 */
function plainer({ viewState, ...definition }: DocumentDefinition, hasViewState: boolean): unknown {
  const local = (node: SchemaNode, index: number): SchemaNode => {
    const policy = localPolicies[index % localPolicies.length]!;
    return {
      ...node,
      ...(node.policy === undefined ? {} : { policy }),
      ...(node.recordPolicy === undefined ? {} : { recordPolicy: policy }),
      ...(node.fields === undefined ? {} : { fields: localFields(node.fields) }),
      ...(node.element === undefined ? {} : { element: local(node.element, index + 1) }),
    };
  };
  const localFields = (fields: Readonly<Record<string, SchemaNode>>) =>
    Object.fromEntries(Object.entries(fields).map(([name, node], index) => [name, local(node, index)]));
  const stateFields = localFields(definition.stateFields);
  return { ...definition, ...(hasViewState ? { viewState } : {}), stateFields, computed: {}, views: {} };
}

/** The text of all its functions. */
function codeOf(definition: unknown): string {
  return JSON.stringify(definition, (_key, value: unknown) => (typeof value === "function" ? value.toString() : value));
}

function looksAtOf(kind: Kind): LooksAt | undefined {
  return kind === "hidden" || kind === "presence" || kind === "maps" ? kind : undefined;
}

const localPolicies: readonly NonNullable<SchemaNode["policy"]>[] = [
  (row: { owner?: string }, viewer: { principal: { agent: string } }) => row.owner === viewer.principal.agent,
  (row: { open?: boolean; owner?: string }, viewer: { principal: { agent: string } }) =>
    row.open === true || row.owner === viewer.principal.agent,
  (row: { f0?: unknown; owner?: string }, viewer: { principal: { agent: string } }) =>
    row.owner === viewer.principal.agent && row.f0 !== undefined,
  (_row: unknown, viewer: { principal: { agent: string } }) => viewer.principal.agent !== "bob",
];

/** Returns the history, for what is counted in it. */
function play(seed: number, kind: Kind = "any"): History {
  try {
    const history = new History(seed, kind);
    history.run();
    return history;
  } catch (thrown) {
    throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

describe("random documents, policies and histories", () => {
  test(`${histories} histories: every client ends with its view, and never sees more`, () => {
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) play(seed);
  });

  test(`${histories} histories of documents whose policies look at nothing else`, () => {
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) play(seed, "plain");
  });

  test(`${histories} histories of documents whose viewers are dormant when nothing is due`, () => {
    let dormant = 0;
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) dormant += play(seed, "dormant").dormant;
    expect(dormant).toBeGreaterThan(histories);
  });

  test(`${histories} histories of documents whose views look at what their viewers do not see`, () => {
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) play(seed, "hidden");
  });

  test(`${histories} histories of documents whose policies and views look at who is connected`, () => {
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) play(seed, "presence");
  });

  test(`${histories} histories of documents whose views give maps`, () => {
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) play(seed, "maps");
  });

  // Bugs that some seed found once: a view that gives a nested record was kept when that changed; an index that missed a record changed and removed in one message; groups that held
  // the same state apart; a seq that went back after a reload; policies of records that only views show; a record that
  // went out of a view because of one that its viewer does not see; GET that told less than a stream; a newcomer told more
  // than after a reopening, when nobody had looked yet at what depends on who is connected.
  test.each([
    [13],
    [20],
    [42],
    [411],
    [1_065],
    [1_479],
    [1_737],
    [9_582],
    [20_964],
    [40_262],
    [70_073],
    [90_650],
    [1_600_049],
  ])("seed %i", (seed) => {
    expect(() => play(seed)).not.toThrow();
  });

  // A viewer that came back with another view state was taken for one who waited at its seq; a merged frame had the seq
  // of a row that came and went unseen; one that took a removed row out of a view had the seq of a later change that its
  // receiver did not see.
  test.each([[2_832], [300_861], [3_001_122]])(
    "seed %i of views that look at what their viewers do not see",
    (seed) => {
      expect(() => play(seed, "hidden")).not.toThrow();
    },
  );

  // A policy of the document that looked at who is connected was not asked again; a seq went back when those left for whom
  // something was shown, and where a record had been changed and removed in one message.
  test.each([[9], [77], [701_266]])("seed %i of documents that look at who is connected", (seed) => {
    expect(() => play(seed, "presence")).not.toThrow();
  });
});
