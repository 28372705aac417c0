import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidewire/delta";
import { ServiceError } from "@tidewire/foundation";
import fc from "fast-check";
import { FlowControl } from "../src/session/flow-control.ts";
import type { TestClient } from "./support/test-client.ts";
import { TestEdge } from "./support/test-edge.ts";

const FLOW = { ackWindowBytes: 100, socketBufferMaxBytes: 1_000 };

/** A stream with frames of given sizes to send; takes them as it gets room. */
class Sender {
  readonly sent: number[] = [];
  readonly #flow: FlowControl;
  readonly #sizes: number[];

  constructor(flow: FlowControl, sizes: readonly number[]) {
    this.#flow = flow;
    this.#sizes = [...sizes];
  }

  pump(): void {
    for (let size = this.#sizes[0]; size !== undefined; size = this.#sizes[0]) {
      if (!this.#flow.hasRoom(this, size)) return;
      this.#sizes.shift();
      this.sent.push(size);
      this.#flow.sent(this, this.sent.length, size);
    }
  }
}

function flowOver(transport: { bufferedBytes: number }): FlowControl {
  return new FlowControl({ ...transport, send: () => {}, sendData: () => {}, close: () => {} }, FLOW);
}

describe("the ack window", () => {
  it("counts from the first ack on, over all streams", () => {
    const flow = flowOver({ bufferedBytes: 0 });
    const [a, b] = [new Sender(flow, [500, 60, 60]), new Sender(flow, [30, 30])];
    a.pump();
    expect(a.sent).toEqual([500, 60, 60]);
    flow.startWindow();
    const [c, d] = [new Sender(flow, [60, 30]), b];
    c.pump();
    d.pump();
    expect([c.sent, d.sent]).toEqual([[60, 30], []]);
    expect(flow.unackedBytes).toBe(90);
    flow.acknowledge(c, 1);
    flow.pump();
    expect(d.sent).toEqual([30, 30]);
    expect(flow.unackedBytes).toBe(90);
  });

  it("lets one frame pass that is larger than itself, alone", () => {
    const flow = flowOver({ bufferedBytes: 0 });
    flow.startWindow();
    const [small, large] = [new Sender(flow, [10, 10]), new Sender(flow, [400])];
    small.pump();
    large.pump();
    expect(large.sent).toEqual([]);
    flow.acknowledge(small, 1);
    flow.pump();
    expect(large.sent).toEqual([]);
    flow.acknowledge(small, 2);
    flow.pump();
    expect(large.sent).toEqual([400]);
  });

  it("does not let small frames of others pass the one that waits", () => {
    const flow = flowOver({ bufferedBytes: 0 });
    flow.startWindow();
    const [first, large, late] = [new Sender(flow, [60]), new Sender(flow, [90]), new Sender(flow, [10])];
    for (const sender of [first, large, late]) sender.pump();
    expect(late.sent).toEqual([]);
    flow.acknowledge(first, 1);
    flow.pump();
    expect([large.sent, late.sent]).toEqual([[90], [10]]);
  });

  it("forgets a stream that ended, and takes acks of nobody", () => {
    const flow = flowOver({ bufferedBytes: 0 });
    flow.startWindow();
    const [ended, other] = [new Sender(flow, [100]), new Sender(flow, [50])];
    ended.pump();
    other.pump();
    expect(other.sent).toEqual([]);
    flow.forget(ended);
    flow.acknowledge(ended, 7);
    flow.pump();
    expect(other.sent).toEqual([50]);
  });

  it("keeps a bounded ledger of very many small frames", () => {
    const flow = new FlowControl(
      { bufferedBytes: 0, send: () => {}, sendData: () => {}, close: () => {} },
      { ackWindowBytes: 1_000_000, socketBufferMaxBytes: 1 },
    );
    flow.startWindow();
    const sender = new Sender(
      flow,
      Array.from({ length: 10_000 }, () => 1),
    );
    sender.pump();
    expect(flow.unackedBytes).toBe(10_000);
    flow.acknowledge(sender, 10);
    expect(flow.unackedBytes).toBe(9_990);
    // Behind the bound the acks are coarse: freed together with the newest.
    flow.acknowledge(sender, 9_999);
    expect(flow.unackedBytes).toBe(10_000 - 255);
    flow.acknowledge(sender, 10_000);
    expect(flow.unackedBytes).toBe(0);
  });
});

describe("a slow client", () => {
  it("is not computed for: the host gets no credit, and one merged delta leads to the end", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 10 } });
    const client = await edge.connectWithStream();
    client.isStalled = true;
    client.bufferedBytes = 10;
    for (let value = 1; value <= 100; value++) {
      edge.document.change({ value, text: "x".repeat(value) });
      edge.hosts[0].deliver();
      await edge.settle();
    }
    // Its first credit was spent on the snapshot and given back; four more frames, then nothing.
    expect(edge.hosts[0].framesSent).toBe(5);
    expect(client.kinds(7)).toEqual(["snapshot"]);
    expect(client.session.heldBytes).toBeLessThan(200);
    client.release();
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot", "delta", "delta"]);
    expect(client.views.get(7)?.value).toEqual({ value: 100, text: "x".repeat(100) });
  });

  it("with a window never has more than the window on its way", async () => {
    const edge = await TestEdge.start({ limits: { ackWindowBytes: 1_000 } });
    const client = await edge.connectWithStream();
    client.up({ id: 0, ack: [[7, 1]] });
    const before = client.streamBytes;
    for (let value = 1; value <= 50; value++) {
      edge.document.change({ value, text: "y".repeat(100) + value });
      edge.hosts[0].deliver();
      await edge.settle();
    }
    expect(client.streamBytes - before).toBeGreaterThan(500);
    expect(client.streamBytes - before).toBeLessThanOrEqual(1_000);
    client.up({ id: 0, ack: [[7, client.views.get(7)!.seq]] });
    await edge.settle();
    expect(client.views.get(7)?.value).toEqual({ value: 50, text: `${"y".repeat(100)}50` });
  });

  it("does not hold up another client of the document", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 10 } });
    const slow = await edge.connectWithStream();
    const fast = await edge.connectWithStream();
    slow.isStalled = true;
    slow.bufferedBytes = 10;
    for (let value = 1; value <= 20; value++) {
      edge.document.change({ value });
      edge.hosts[0].deliver();
      await edge.settle();
      expect(fast.views.get(7)?.value).toEqual({ value });
    }
  });

  it("gets a fresh snapshot when two held deltas do not fit together", async () => {
    const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 10 } });
    const client = await edge.connectWithStream();
    client.isStalled = true;
    client.bufferedBytes = 10;
    const [viewer] = edge.hosts[0].viewers;
    const encode = (delta: object): Uint8Array => new TextEncoder().encode(JSON.stringify(delta));
    viewer!.stream.send({ kind: "delta", seq: 1, hash: undefined, data: encode({ "@s": 1, cards: [1] }) });
    viewer!.stream.send({
      kind: "delta",
      seq: 1,
      hash: undefined,
      data: encode({ "@s": 1, cards: { "@o": [[0, 3]] } }),
    });
    await edge.settle();
    client.release();
    await edge.settle();
    expect(client.kinds(7)).toEqual(["snapshot", "snapshot"]);
    expect(client.views.get(7)?.value).toEqual({ value: 0 });
  });
});

/** One step of a random schedule. */
type Step =
  | { readonly kind: "change"; readonly fields: JsonObject; readonly step: number }
  | { readonly kind: "deliver" | "stall" | "release" | "ack" | "resync" | "check" | "move" | "moveQuietly" | "break" }
  | { readonly kind: "wait"; readonly ms: number };

const cards = fc
  .uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 5 })
  .chain((ids) =>
    fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(String(id)), rank: fc.integer({ min: 0, max: 3 }) }))),
  );
const fields = fc.oneof(
  fc.record({ value: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ text: fc.string({ maxLength: 40 }) }),
  fc.record({ cards }),
  fc.record({ blob: fc.dictionary(fc.constantFrom("k0", "k1", "k2"), fc.string({ maxLength: 20 }), { maxKeys: 3 }) }),
  fc.constant({ blob: null }),
  fc.record({ blob: fc.constantFrom("scalar", [1, 2, 3]) }),
  fc.constant({ cards: null }),
) as fc.Arbitrary<JsonObject>;
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("change" as const), fields, step: fc.constantFrom(1, 1, 2, 0) }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "deliver" as const }) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom("stall", "release", "ack", "ack", "resync", "check", "move", "moveQuietly", "break")
      .map((kind) => ({ kind })),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 300 }) }) },
);

class Schedule {
  readonly #edge: TestEdge;
  readonly #client: TestClient;
  #owner = 0;
  #id = 100;

  constructor(edge: TestEdge, client: TestClient) {
    this.#edge = edge;
    this.#client = client;
  }

  async run(step: Step): Promise<void> {
    const edge = this.#edge;
    const client = this.#client;
    switch (step.kind) {
      case "change":
        edge.document.change(step.fields, step.step);
        break;
      case "deliver":
        for (const host of edge.hosts) host.deliver();
        break;
      case "stall":
        client.isStalled = true;
        break;
      case "release":
        client.release();
        break;
      case "ack":
        client.up({ id: 0, ack: [[7, client.views.get(7)?.seq ?? 0]] });
        break;
      case "resync":
        client.up({ id: ++this.#id, method: "connection/resync", connection: 7 });
        break;
      case "check": {
        const view = client.views.get(7);
        if (view !== undefined)
          client.up({ id: ++this.#id, method: "heartbeat", at: 1, streams: [[7, view.seq, view.hash()]] });
        break;
      }
      case "move":
        this.#move();
        edge.hosts[1 - this.#owner]!.endStreams(new ServiceError("moving", "handed over"));
        break;
      case "moveQuietly":
        this.#move();
        break;
      case "break":
        edge.hosts[this.#owner]!.endStreams(new ServiceError("unavailable", "broken"));
        break;
      case "wait":
        await edge.settleAlive(client, step.ms);
        break;
    }
  }

  #move(): void {
    this.#owner = 1 - this.#owner;
    this.#edge.directory.set(this.#edge.hosts[this.#owner]);
  }
}

describe("any schedule of changes, credit, acks, stalls and moves", () => {
  const runs = Number(process.env["TIDEWIRE_TEST_RUNS"] ?? 150);
  it("converges to the document's view, never goes back in seq, and holds a bounded amount", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fc.boolean(), async (steps, hashes) => {
        const edge = await TestEdge.start({ limits: { socketBufferMaxBytes: 200, ackWindowBytes: 600 } });
        for (const host of edge.hosts) host.hashes = hashes;
        const client = await edge.connectWithStream();
        const schedule = new Schedule(edge, client);
        for (const step of steps) {
          await schedule.run(step);
          // A merged delta is bounded by what a snapshot of everything ever touched would be.
          expect(client.session.heldBytes).toBeLessThan(2_000);
        }
        client.release();
        for (let round = 0; round < 8; round++) {
          client.up({ id: 0, ack: [[7, client.views.get(7)?.seq ?? 0]] });
          await edge.settleAlive(client, 3_000);
          for (const host of edge.hosts) host.deliver();
        }
        expect(client.closedWith).toBeUndefined();
        expect(client.views.get(7)?.value).toEqual(edge.document.view.value);
        const seqs = client.of(7).map((frame) => (frame.snapshot ?? frame.delta)?.["@s"] as number);
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      }),
      { numRuns: runs },
    );
  }, 120_000);
});
