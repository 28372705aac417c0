import { afterEach, expect, test } from "@jest/globals";
import { compileDocument, conformanceDocument, defineDocument, t } from "@tidewire/document";
import { ManualClock, noLogger, noMetrics, SeededRandom, type ServiceError } from "@tidewire/foundation";
import { type LinkConnection, LinkServiceTable, MemoryLinkNetwork } from "@tidewire/link";
import { MemoryLogEngine } from "@tidewire/log-engine";
import { HostService, type ViewerFrame, type ViewerUp } from "@tidewire/protocol-host";
import { OwnerLookup } from "@tidewire/routing";
import { DocumentHost, serveHost } from "../src/index.ts";
import { jsonOf } from "./support/fake-runtime.ts";
import { alice, blocked, bob, TestRouting } from "./support/test-bed.ts";

const { methods } = HostService;
const name = { space: "conformance", key: "c1" };
const common = { ...name, principal: alice, tableVersion: 1 };

/** A real document behind a real link, with time standing still. */
async function cluster(definition: Parameters<typeof compileDocument>[0] = conformanceDocument) {
  const clock = new ManualClock();
  const network = new MemoryLinkNetwork({ clock });
  const transport = network.node("host-1", "document-host");
  const log = new MemoryLogEngine();
  const host = new DocumentHost("host-1", {
    runtimes: [compileDocument(definition, {}, { random: new SeededRandom(1) })],
    log,
    routing: new TestRouting("host-1"),
    owners: new OwnerLookup(),
    sender: transport,
    clock,
    random: new SeededRandom(2),
    logger: noLogger,
    metrics: noMetrics,
  });
  host.start();
  const services = new LinkServiceTable();
  serveHost(host, services);
  const listener = await transport.listen("host-1:0", services);
  const edge = await dialled(clock, network, "edge-1", listener.address);
  return { clock, network, log, host, edge, address: listener.address };
}

async function dialled(clock: ManualClock, network: MemoryLinkNetwork, node: string, address: string) {
  const connection = network.node(node, "edge-proxy").dial(address);
  await clock.advanceAsync(1);
  return connection;
}

/** Remembers who came and went. */
const guestBook = defineDocument({
  space: "guest-book",
  version: 1,
  createsOnDemand: true,
  state: { entries: t.list(t.string()) },
  onConnect: (doc, ctx) => void doc.entries.push(`+${ctx.principal.agent}`),
  onDisconnect: (doc, ctx) => void doc.entries.push(`-${ctx.principal.agent}`),
  messages: () => ({}),
});
const inGuestBook = { space: "guest-book", key: common.key, principal: alice, tableVersion: 1 };

/** The edge's side of one viewer. */
class EdgeViewer {
  readonly frames: { readonly kind: string; readonly seq: number; readonly json: Record<string, unknown> }[] = [];
  end: { readonly error: ServiceError | undefined } | undefined;
  readonly #stream;

  constructor(
    edge: LinkConnection,
    viewer: string,
    extra: { space?: string; principal?: typeof alice; credit?: number } = {},
  ) {
    this.#stream = edge.open<Parameters<typeof methods.connect.open.encode>[1], ViewerUp, ViewerFrame>(
      methods.connect,
      { ...common, space: extra.space ?? common.space, principal: extra.principal ?? alice, viewer, hashEvery: false },
      {
        message: ({ kind, seq, data }) =>
          void this.frames.push({ kind, seq, json: jsonOf(data) as Record<string, unknown> }),
        end: (error) => {
          this.end = { error };
        },
      },
      { credit: extra.credit ?? 50 },
    );
  }

  up(message: ViewerUp): void {
    this.#stream.send(message);
  }

  grant(messages: number): void {
    this.#stream.grant(messages);
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

let stop: (() => void) | undefined;
afterEach(() => stop?.());

test("create, send, get, update and delete, as an edge asks for them", async () => {
  const { clock, edge, host } = await cluster();
  stop = () => host.stop();
  const call = async <Result>(promise: Promise<Result>): Promise<Result | string> => {
    const outcome = promise.catch((error: ServiceError) => error.code);
    await clock.advanceAsync(10);
    return outcome;
  };
  expect(await call(edge.call(methods.create, { ...common, arg: '{"value":5}', marker: "c" }))).toEqual({ seq: 1 });
  expect(await call(edge.call(methods.create, { ...common, arg: '{"value":5}' }))).toBe("already_exists");
  const add = { ...common, message: "add", arg: '{"by":2}', marker: "m" };
  expect(await call(edge.call(methods.send, add))).toEqual({ seq: 2, value: '{"value":7}' });
  expect(await call(edge.call(methods.send, add))).toEqual({ seq: 2, value: '{"value":7}' });
  expect(await call(edge.call(methods.send, { ...common, message: "fail", arg: '{"code":"no"}' }))).toBe("rejected");
  expect(await call(edge.call(methods.send, { ...common, message: "throw", arg: "{}" }))).toBe("handler_failed");
  expect(await call(edge.call(methods.send, { ...common, key: "", message: "add" }))).toBe("invalid_argument");
  expect(await call(edge.call(methods.get, { ...common, principal: blocked }))).toBe("forbidden");

  const got = await call(edge.call(methods.get, common));
  expect(got).toMatchObject({ seq: 2 });
  expect(jsonOf((got as { view: Uint8Array }).view)).toMatchObject({ value: 7, counts: { alice: 2 } });

  const viewer = new EdgeViewer(edge, "v1");
  await clock.advanceAsync(10);
  const update = { ...name, viewer: "v1", viewState: "{}", tableVersion: 1 };
  expect(await call(edge.call(methods.updateViewer, update))).toEqual({});
  expect(await call(edge.call(methods.updateViewer, { ...update, viewState: "{" }))).toBe("invalid_argument");
  expect(await call(edge.call(methods.updateViewer, { ...update, viewer: "v2" }))).toBe("not_found");

  expect(await call(edge.call(methods.delete, common))).toEqual({});
  expect(viewer.end?.error?.code).toBe("not_found");
  expect(await call(edge.call(methods.get, common))).toBe("not_found");
});

test("viewers on one connection see their own view, by their own credit", async () => {
  const { clock, edge, host } = await cluster();
  stop = () => host.stop();
  const mine = new EdgeViewer(edge, "v1");
  const theirs = new EdgeViewer(edge, "v2", { principal: bob });
  const slow = new EdgeViewer(edge, "v3", { principal: bob, credit: 1 });
  await clock.advanceAsync(10);
  expect([mine, theirs, slow].map((viewer) => viewer.frames[0]?.kind)).toEqual(["snapshot", "snapshot", "snapshot"]);
  expect(mine.frames.at(-1)!.json["present"]).toEqual(["alice", "bob"]);

  const deal = { ...common, message: "deal", arg: '{"holder":"alice","rank":3,"face":"planted"}' };
  await Promise.all([edge.call(methods.send, deal), clock.advanceAsync(10)]);
  expect(JSON.stringify(mine.frames)).toContain("planted");
  expect(JSON.stringify(theirs.frames)).not.toContain("planted");
  expect(slow.frames.length).toBe(1);
  await Promise.all([edge.call(methods.send, deal), clock.advanceAsync(10)]);
  slow.grant(4);
  await clock.advanceAsync(10);
  expect(slow.frames.length).toBe(2);
  expect(Object.keys(slow.frames[1]!.json["cards"] as object).sort()).toEqual(["1", "2", "@o"]);

  mine.up({ kind: "resync", value: {} });
  await clock.advanceAsync(10);
  expect(mine.frames.at(-1)!.kind).toBe("snapshot");
  mine.up({ kind: "check", value: { seq: mine.frames.at(-1)!.seq, hash: "0123456789abcdef" } });
  await clock.advanceAsync(10);
  expect(mine.frames.at(-1)!.kind).toBe("snapshot");

  slow.cancel();
  theirs.cancel();
  await clock.advanceAsync(10);
  expect(mine.frames.at(-1)!.json["present"]).toEqual(["alice"]);
  expect(host.viewerCount).toBe(1);
});

test("a refused viewer's stream ends with the document's error, and an unnamed one is the caller's mistake", async () => {
  const { clock, edge, host } = await cluster();
  stop = () => host.stop();
  const refused = new EdgeViewer(edge, "v1", { principal: blocked });
  const unnamed = new EdgeViewer(edge, "");
  await clock.advanceAsync(10);
  expect(refused.end?.error?.code).toBe("forbidden");
  expect(unnamed.end?.error?.code).toBe("invalid_argument");
  expect(host.viewerCount).toBe(0);
});

test("when the edge dies its viewers are gone", async () => {
  const { clock, edge, host, network } = await cluster();
  stop = () => host.stop();
  const viewers = [new EdgeViewer(edge, "v1"), new EdgeViewer(edge, "v2")];
  await clock.advanceAsync(10);
  expect([viewers.length, host.viewerCount]).toEqual([2, 2]);
  network.crash("edge-1");
  await clock.advanceAsync(10);
  expect(host.viewerCount).toBe(0);
});

test("a document misses the agents of an edge that died only when they had time to come back by another", async () => {
  const { clock, edge, host, network, address } = await cluster(guestBook);
  stop = () => host.stop();
  const entries = async (): Promise<unknown> => {
    const got = edge.call(methods.get, inGuestBook);
    await clock.advanceAsync(1);
    return (jsonOf((await got).view) as { entries: unknown }).entries;
  };
  const come = (by: LinkConnection, viewer: string, agent: string): EdgeViewer =>
    new EdgeViewer(by, viewer, { space: "guest-book", principal: { agent, authority: "test" } });
  const dying = await dialled(clock, network, "edge-2", address);
  const viewers = [come(edge, "v1", "alice"), come(dying, "v2", "bob"), come(dying, "v3", "carol")];
  await clock.advanceAsync(10);
  expect(viewers.map((viewer) => viewer.frames.length > 0)).toEqual([true, true, true]);
  network.crash("edge-2");
  await clock.advanceAsync(4_900);
  const back = come(await dialled(clock, network, "edge-3", address), "v4", "carol");
  expect([await entries(), host.viewerCount]).toEqual([["+alice", "+bob", "+carol"], 2]);
  await clock.advanceAsync(1_000);
  expect(await entries()).toEqual(["+alice", "+bob", "+carol", "-bob"]);
  back.cancel();
  await clock.advanceAsync(10);
  expect(await entries()).toEqual(["+alice", "+bob", "+carol", "-bob", "-carol"]);
});

test("a durable timer of the conformance document fires for its viewers", async () => {
  const { clock, edge, host } = await cluster();
  stop = () => host.stop();
  const viewer = new EdgeViewer(edge, "v1");
  const after = { ...common, message: "after", arg: '{"ms":1000,"label":"ring"}' };
  await Promise.all([edge.call(methods.send, after), clock.advanceAsync(10)]);
  await clock.advanceAsync(1_000);
  expect(viewer.frames.at(-1)!.json).toMatchObject({ fired: ["ring"] });
});

test("refuses peers of a role that the definition does not admit", async () => {
  const { clock, network, address } = await cluster();
  const dialled = network.node("log-1", "log-storage").dial(address);
  await clock.advanceAsync(1);
  const stranger = await dialled;
  const answer = stranger.call(methods.get, common).catch((error: ServiceError) => error.code);
  const end = new Promise((resolve) => {
    stranger.open(
      methods.connect,
      { ...common, viewer: "v", hashEvery: false },
      { message: () => {}, end: (error) => resolve(error?.code) },
    );
  });
  await clock.advanceAsync(1);
  expect([await answer, await end]).toEqual(["forbidden", "forbidden"]);
});
