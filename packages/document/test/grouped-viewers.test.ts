import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { z } from "zod";
import {
  type Audience,
  defaultLimits,
  defineDocument,
  type Frame,
  message,
  record,
  t,
  type Viewer,
} from "../src/index.ts";
import { Bench, type FakeClient, isDormant } from "./bench.ts";

const histories = Number(process.env["DOCUMENT_HISTORIES"] ?? 45);
const firstSeed = Number(process.env["DOCUMENT_SEED"] ?? 1);
const stepsPerHistory = 50;
const viewerCount = 7;
const agents = ["ann", "bob", "cid"] as const;
const change = z.object({ what: z.int(), on: z.int(), text: z.string() });

/**
 * Alike for all viewers. Nothing here is computed: a value that came and went again is told to those who share a class with
 * someone who saw it, and not to who is alone.
 */
const open = defineDocument({
  space: "open",
  createsOnDemand: true,
  state: {
    items: t.table(record({ text: t.string(), owner: t.string() })),
    phase: t.string(),
    hidden: t.int().private(),
  },
  messages: { change: message(change, (doc, arg) => mutate(doc, arg)) },
});

/** By who looks, with a policy that a field elsewhere flips. */
const guarded = defineDocument({
  space: "guarded",
  createsOnDemand: true,
  state: {
    items: t.table(
      record({ text: t.string(), owner: t.string() }).visibleTo(
        (item, viewer, doc) => doc.phase === "open" || item.owner === viewer.principal.agent,
      ),
    ),
    phase: t.string(),
    hidden: t.int().private(),
  },
  views: { mine: (doc, viewer) => doc.items.where({ owner: viewer.principal.agent }) },
  messages: { change: message(change, (doc, arg) => mutate(doc, arg)) },
});

/** By who looks, with a policy that looks at its record alone: what most are not told is not even looked at. */
const owned = defineDocument({
  space: "owned",
  createsOnDemand: true,
  state: {
    items: t.table(
      record({ text: t.string(), owner: t.string() }).visibleTo(
        (item, viewer) => item.owner === viewer.principal.agent,
      ),
    ),
    phase: t.string(),
    hidden: t.int().private(),
  },
  messages: { change: message(change, (doc, arg) => mutate(doc, arg)) },
});

// oxlint-disable-next-line typescript/no-explicit-any -- the state of any of the three
function mutate(doc: any, { what, on, text }: z.infer<typeof change>): void {
  const ids: string[] = [...doc.items].map(({ id }: { id: string }) => id);
  const id = ids[on % Math.max(1, ids.length)];
  const owner = agents[on % agents.length];
  if (what === 0 || id === undefined) doc.items.insert({ text, owner });
  else if (what === 1) doc.items.get(id).text = text;
  else if (what === 2) doc.items.get(id).owner = owner;
  else if (what === 3) doc.items.delete(id);
  else if (what === 4) doc.phase = doc.phase === "open" ? "over" : "open";
  else doc.hidden++;
}

/** What a viewer was shown: the view after each frame that changed or confirmed something. */
interface Shown {
  readonly views: string[];
  client: FakeClient | undefined;
}

/** One viewer alone in its document, as the one it is compared with is among many. */
interface Pair extends Shown {
  readonly agent: string;
  readonly alone: Bench;
  readonly shownAlone: Shown;
}

class History {
  readonly #random: SeededRandom;
  readonly #together: Bench;
  readonly #pairs: Pair[];
  /** What a host keeps for an audience, brought up to date by what it is told has changed. */
  readonly #kept = new WeakMap<Audience, Viewer[]>();
  audiences = 0;

  /** How often a viewer was dormant when a delivery began. */
  dormant = 0;

  /** @param hashIntervalMs at 0 all are dormant who may be, after each delivery */
  constructor(seed: number, hashIntervalMs: number) {
    this.#random = new SeededRandom(seed);
    const definition = [open, guarded, owned][seed % 3];
    this.#together = new Bench(definition, { hashIntervalMs });
    this.#pairs = Array.from({ length: viewerCount }, (_, index) => ({
      agent: agents[index % agents.length]!,
      alone: new Bench(definition),
      views: [],
      client: undefined,
      shownAlone: { views: [], client: undefined },
    }));
    this.#change();
  }

  run(): void {
    for (let step = 0; step < stepsPerHistory; step++) {
      this.#step();
      this.#deliver();
      this.#compare(`step ${step}`);
    }
    for (const pair of this.#pairs) this.#grant(pair, 5);
    this.#deliver();
    this.#compare("the end");
    for (const { agent, client } of this.#pairs) {
      if (client !== undefined) expect(client.view).toEqual(this.#together.get(agent).view);
    }
  }

  #step(): void {
    const random = this.#random;
    const pair = this.#pairs[random.below(this.#pairs.length)]!;
    switch (random.below(12)) {
      case 0:
      case 1:
        this.#attach(pair, random.below(4));
        break;
      case 2:
        this.#detach(pair);
        break;
      case 3:
        this.#resume(pair);
        break;
      case 4:
        this.#resync(pair);
        break;
      case 5:
      case 6:
        this.#grant(pair, 1 + random.below(4));
        break;
      default:
        for (let count = 1 + random.below(3); count > 0; count--) this.#change();
        if (random.below(2) === 0) this.#grant(pair, 1);
    }
  }

  #change(): void {
    const random = this.#random;
    const arg = { what: random.below(6), on: random.below(1_000), text: `t${random.below(1_000)}` };
    for (const bench of this.#benches()) {
      const command = { kind: "message", principal: { agent: "ann", authority: "dev" }, message: "change" } as const;
      const outcome = bench.instance.execute({ ...command, arg: JSON.stringify(arg) }, bench.now);
      if (outcome.status === "refused") throw outcome.error;
      bench.append();
    }
  }

  #attach(pair: Pair, credit: number): void {
    if (pair.client !== undefined) return;
    const options = { credit, hashEvery: this.#random.below(4) === 0 };
    pair.client = this.#together.attach(pair.agent, options);
    pair.shownAlone.client = pair.alone.attach(pair.agent, options);
  }

  #detach(pair: Pair): void {
    if (pair.client === undefined) return;
    this.#together.disconnect(pair.client);
    pair.alone.disconnect(pair.shownAlone.client!);
    pair.client = pair.shownAlone.client = undefined;
  }

  #resume(pair: Pair): void {
    const { client, shownAlone } = pair;
    const from = shownAlone.client;
    if (client === undefined || client.frames.length === 0) return;
    const credit = this.#random.below(3);
    this.#detach(pair);
    pair.client = this.#together.attach(pair.agent, { credit, resume: { seq: client.seq, hash: client.hash } });
    shownAlone.client = pair.alone.attach(pair.agent, { credit, resume: { seq: from!.seq, hash: from!.hash } });
    pair.client.startFrom(client);
    shownAlone.client.startFrom(from!);
  }

  #resync({ client, alone, shownAlone }: Pair): void {
    if (client === undefined) return;
    this.#together.instance.resync(client.viewer);
    alone.instance.resync(shownAlone.client!.viewer);
  }

  #grant({ client, alone, shownAlone }: Pair, frames: number): void {
    if (client === undefined) return;
    this.#together.instance.grant(client.viewer, frames);
    alone.instance.grant(shownAlone.client!.viewer, frames);
  }

  #deliver(): void {
    const due: [Pair, Frame][] = [];
    for (const { client } of this.#pairs) if (client !== undefined && isDormant(client.viewer)) this.dormant++;
    const byViewer = new Map(this.#pairs.map((pair) => [pair.client?.viewer, pair]));
    this.#together.instance.deliver(0, (viewers, frame, audience) => {
      if (audience !== undefined) this.#bringUpToDate(audience, viewers);
      for (const viewer of viewers) due.push([byViewer.get(viewer)!, frame]);
    });
    for (const [pair, frame] of due) show(pair, frame);
    for (const { alone, shownAlone } of this.#pairs) {
      alone.instance.deliver(0, (viewers, frame) => {
        expect(viewers).toEqual([shownAlone.client!.viewer]);
        show(shownAlone, frame);
      });
    }
  }

  #bringUpToDate(audience: Audience, viewers: readonly Viewer[]): void {
    this.audiences++;
    expect(audience.viewers).toEqual(viewers);
    let kept = this.#kept.get(audience);
    if (kept === undefined) this.#kept.set(audience, (kept = []));
    const changes = audience.takeChanges() ?? viewers.keys();
    for (const place of changes) if (place < viewers.length) kept[place] = viewers[place]!;
    kept.length = viewers.length;
    expect(kept).toEqual(viewers);
  }

  #compare(when: string): void {
    for (const [index, { agent, client, views, shownAlone }] of this.#pairs.entries()) {
      expect({ when, index, agent, views }).toEqual({ when, index, agent, views: shownAlone.views });
      expect(client?.viewer.credit).toBe(shownAlone.client?.viewer.credit);
    }
  }

  *#benches(): Iterable<Bench> {
    yield this.#together;
    for (const { alone } of this.#pairs) yield alone;
  }
}

function show(shown: Shown, frame: Frame): void {
  const { seq } = shown.client!;
  shown.client!.receive(frame);
  if (shown.client!.seq < seq) throw new Error(`a stream goes back from ${seq} to ${shown.client!.seq}`);
  shown.views.push(JSON.stringify(shown.client!.view));
}

/** Returns the history, for what is counted in it. */
function play(seed: number, hashIntervalMs = defaultLimits.hashIntervalMs): History {
  try {
    const history = new History(seed, hashIntervalMs);
    history.run();
    return history;
  } catch (thrown) {
    throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

describe("viewers in groups", () => {
  test(`${histories} histories: each is shown what it would be shown alone`, () => {
    let audiences = 0;
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) audiences += play(seed).audiences;
    expect(audiences).toBeGreaterThan(histories);
  });

  test(`${histories} histories of viewers who are dormant when nothing is due`, () => {
    let dormant = 0;
    for (let seed = firstSeed; seed < firstSeed + histories; seed++) dormant += play(seed, 0).dormant;
    expect(dormant).toBeGreaterThan(histories);
  });

  // Bugs that some seed found once: a newcomer got what the others of its class were sent in the same delivery; a stream
  // went back after a resync, because others of its class had not seen as much.
  test.each([[23], [208]])("seed %i", (seed) => {
    expect(play(seed).audiences).toBeGreaterThan(0);
  });
});
