import { expect, test } from "@jest/globals";
import { applyDelta, applySnapshot, emptyView, hashView, type JsonObject, type ViewState } from "@tidewire/delta";
import { compileDocument, defineDocument, t } from "@tidewire/document";
import { ManualClock, noLogger, noMetrics, SeededRandom, type ServiceError } from "@tidewire/foundation";
import { type ClientStream, type LinkConnection, LinkServiceTable, MemoryLinkNetwork } from "@tidewire/link";
import { MemoryLogEngine } from "@tidewire/log-engine";
import { HostService, type Resume, type ViewerFrame, type ViewerUp } from "@tidewire/protocol-host";
import { OwnerLookup } from "@tidewire/routing";
import { DocumentHost, serveHost } from "../src/index.ts";
import { jsonOf } from "./support/fake-runtime.ts";
import { alice, TestRouting } from "./support/test-bed.ts";

const histories = Number(process.env["TIDEWIRE_TEST_RUNS"] ?? 12);
const name = { space: "board", key: "k" };
const edges = ["edge-1", "edge-2"] as const;

const board = () =>
  compileDocument(
    defineDocument({
      space: "board",
      createsOnDemand: true,
      state: { count: t.int(), notes: t.map(t.int()), hidden: t.int().private() },
      messages: (message) => ({
        bump: message((doc) => void doc.count++),
        note: message((doc) => void doc.notes.set(`n${doc.count % 7}`, doc.count++)),
        hide: message((doc) => void doc.hidden++),
      }),
    }),
    {},
    { random: new SeededRandom(1) },
  );

/** A client of an edge, that checks what it is sent. */
class Client {
  readonly id: string;
  readonly kinds: string[] = [];
  end: { readonly error: ServiceError | undefined } | undefined;
  /** Messages it may still be sent. */
  credit: number;
  #state: ViewState = emptyView();
  readonly #stream: ClientStream<ViewerUp>;

  constructor(edge: LinkConnection, id: string, credit: number, from?: Client) {
    this.id = id;
    this.credit = credit;
    if (from !== undefined) this.#state = from.#state;
    const resume: Resume | undefined =
      from === undefined ? undefined : { seq: from.#state.seq, hash: hashView(from.view) };
    this.#stream = edge.open(
      HostService.methods.connect,
      { ...name, principal: alice, viewer: id, hashEvery: false, tableVersion: 1, resume },
      { message: (frame: ViewerFrame) => this.#receive(frame), end: (error) => (this.end = { error }) },
      { credit },
    );
  }

  get view(): JsonObject {
    return this.#state.value;
  }

  grant(messages: number): void {
    this.credit += messages;
    this.#stream.grant(messages);
  }

  resync(): void {
    this.#stream.send({ kind: "resync", value: {} });
  }

  leave(): void {
    this.#stream.cancel();
  }

  #receive({ kind, seq, hash, data }: ViewerFrame): void {
    if (--this.credit < 0) throw new Error(`${this.id} was sent to without credit`);
    if (seq < this.#state.seq) throw new Error(`the stream of ${this.id} goes back`);
    this.kinds.push(kind);
    const json = jsonOf(data) as JsonObject;
    this.#state = kind === "snapshot" ? applySnapshot(json) : applyDelta(this.#state, json);
    if (hash !== undefined && hash !== hashView(this.view)) throw new Error(`the hash of ${this.id} differs at ${seq}`);
  }
}

/** One document, many clients who see the same, over two edges. */
class Crowded {
  readonly clock = new ManualClock();
  readonly network = new MemoryLinkNetwork({ clock: this.clock });
  readonly host: DocumentHost;
  readonly clients: Client[] = [];
  readonly #connections = new Map<string, LinkConnection>();
  #address = "";
  #ids = 0;

  constructor() {
    this.host = new DocumentHost("host-1", {
      runtimes: [board()],
      log: new MemoryLogEngine(),
      routing: new TestRouting("host-1"),
      owners: new OwnerLookup(),
      sender: this.network.node("host-1", "document-host"),
      clock: this.clock,
      random: new SeededRandom(2),
      logger: noLogger,
      metrics: noMetrics,
    });
  }

  async start(): Promise<void> {
    this.host.start();
    const services = new LinkServiceTable();
    serveHost(this.host, services);
    const listener = await this.network.node("host-1", "document-host").listen("host-1:0", services);
    this.#address = listener.address;
    for (const edge of edges) await this.dial(edge);
  }

  async dial(edge: string): Promise<void> {
    const connection = this.network.node(edge, "edge-proxy").dial(this.#address);
    await this.settle();
    this.#connections.set(edge, await connection);
  }

  edgeOf(index: number): string {
    return edges[index % edges.length]!;
  }

  join(edge: string, credit: number, from?: Client): Client {
    const client = new Client(this.#connections.get(edge)!, `v${++this.#ids}`, credit, from);
    this.clients.push(client);
    return client;
  }

  async send(what: "bump" | "note" | "hide"): Promise<void> {
    const request = { ...name, principal: alice, message: what, tableVersion: 1 };
    const sent = this.#connections.get("edge-1")!.call(HostService.methods.send, request);
    await this.settle();
    await sent;
  }

  async view(): Promise<unknown> {
    const got = this.#connections
      .get("edge-1")!
      .call(HostService.methods.get, { ...name, principal: alice, tableVersion: 1 });
    await this.settle();
    return jsonOf((await got).view);
  }

  settle(ms = 5): Promise<void> {
    return this.clock.advanceAsync(ms);
  }
}

async function crowded(count: number, credit = 1_000): Promise<Crowded> {
  const crowd = new Crowded();
  await crowd.start();
  await crowd.send("bump");
  for (let index = 0; index < count; index++) crowd.join(crowd.edgeOf(index), credit);
  await crowd.settle(20);
  return crowd;
}

test("who is sent the same is one crowd: all get it, those without credit when they have some", async () => {
  const crowd = await crowded(30);
  const slow = crowd.join("edge-1", 2);
  await crowd.settle();
  for (let count = 0; count < 5; count++) await crowd.send("note");
  const view = await crowd.view();
  for (const client of crowd.clients) if (client !== slow) expect(client.view).toEqual(view);
  expect(slow.kinds).toEqual(["snapshot", "delta"]);
  slow.grant(3);
  await crowd.settle();
  expect([slow.view, slow.kinds.length]).toEqual([view, 3]);
  await crowd.send("bump");
  expect([slow.view["count"], slow.credit]).toEqual([7, 1]);
  crowd.host.stop();
});

test("after new code a crowd goes on from its last frame, if that had a hash", async () => {
  const crowd = await crowded(20);
  // Long enough without a hash: the next frame has one, for all of them.
  await crowd.settle(2_500);
  await crowd.send("bump");
  const counts = crowd.clients.map(({ kinds }) => kinds.length);
  const replaced = crowd.host.replaceRuntime(board());
  await crowd.settle(20);
  expect(await replaced).toEqual({ documents: 1, refused: [] });
  const since = (): string[] => [...new Set(crowd.clients.flatMap(({ kinds }, index) => kinds.slice(counts[index])))];
  expect(since()).toEqual(["delta"]);
  // A state without its hash cannot be resumed from.
  await crowd.send("bump");
  await crowd.send("bump");
  const again = crowd.host.replaceRuntime(board());
  await crowd.settle(20);
  await again;
  expect(since()).toEqual(["delta", "snapshot"]);
  const view = await crowd.view();
  for (const client of crowd.clients) expect(client.view).toEqual(view);
  crowd.host.stop();
});

test("when an edge dies its part of a crowd is gone, and the others go on", async () => {
  const crowd = await crowded(24);
  await crowd.send("bump");
  crowd.network.crash("edge-2");
  await crowd.settle();
  expect(crowd.host.viewerCount).toBe(12);
  await crowd.send("bump");
  const view = await crowd.view();
  for (const [index, client] of crowd.clients.entries()) if (index % 2 === 0) expect(client.view).toEqual(view);
  crowd.host.stop();
});

async function play(seed: number): Promise<number> {
  const random = new SeededRandom(seed);
  const crowd = await crowded(16, 4);
  for (let step = 0; step < 60; step++) {
    const { clients } = crowd;
    const client = clients[random.below(clients.length)]!;
    switch (random.below(12)) {
      case 0:
        crowd.join(crowd.edgeOf(random.below(2)), random.below(5));
        break;
      case 1:
        if (clients.length > 12) clients.splice(clients.indexOf(client), 1)[0]!.leave();
        break;
      case 2:
        if (client.kinds.length === 0) break;
        clients.splice(clients.indexOf(client), 1)[0]!.leave();
        crowd.join(crowd.edgeOf(random.below(2)), random.below(5), client);
        break;
      case 3:
        client.resync();
        break;
      case 4:
        if (random.below(6) === 0) void crowd.host.replaceRuntime(board());
        break;
      case 5:
      case 6:
        for (const each of clients) if (random.below(2) === 0) each.grant(1 + random.below(3));
        break;
      default:
        await crowd.send((["bump", "note", "hide"] as const)[random.below(3)]!);
    }
    if (random.below(3) > 0) await crowd.settle(random.below(4) === 0 ? 1_500 : 1);
  }
  for (const client of crowd.clients) client.grant(10);
  await crowd.settle(100);
  const view = await crowd.view();
  for (const client of crowd.clients)
    expect([client.id, client.end, client.view]).toEqual([client.id, undefined, view]);
  crowd.host.stop();
  return crowd.clients.reduce((frames, { kinds }) => frames + kinds.length, 0);
}

test(`${histories} histories: whatever comes and goes, each ends with the view and is never sent to without credit`, async () => {
  for (let seed = 1; seed <= histories; seed++) {
    try {
      expect(await play(seed)).toBeGreaterThan(50);
    } catch (thrown) {
      throw new Error(`seed ${seed}: ${(thrown as Error).message}`, { cause: thrown });
    }
  }
});
