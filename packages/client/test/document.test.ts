import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { errorOf, World } from "./support/world.ts";

describe("watching a document", () => {
  test("loading, then the snapshot, then deltas; unchanged parts keep their identity", async () => {
    const world = new World();
    world.server.document("game/g1").cards = [{ id: "7", rank: 1 }];
    const { document, states } = await world.watch();
    expect(states.map(({ status }) => status)).toEqual(["loading", "live"]);
    expect(document.state.view).toEqual({ value: 0, text: "", cards: [{ id: "7", rank: 1 }] });
    const before = document.state.view!;
    world.server.change("game/g1", "add", { by: 5 });
    await world.pass(10);
    expect(document.state.view).toEqual({ value: 5, text: "", cards: [{ id: "7", rank: 1 }] });
    expect(document.state.seq).toBe(2);
    expect(document.state.view!["cards"]).toBe(before["cards"]);
    expect(before["value"]).toBe(0);
  });

  test("a selection is told only when it changes", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    const texts: unknown[] = [];
    document.select(
      (view) => view["text"],
      (text) => texts.push(text),
    );
    await world.pass(50);
    world.server.change("game/g1", "add", { by: 5 });
    world.server.change("game/g1", "set", { text: "hello" });
    await world.pass(10);
    world.server.change("game/g1", "set", { text: "hello" });
    await world.pass(10);
    expect(texts).toEqual(["", "hello"]);
    const sums: number[] = [];
    document.select(
      (view) => ({ sum: (view["value"] as number) * 2 }),
      ({ sum }) => sums.push(sum),
      (a, b) => a.sum === b.sum,
    );
    world.server.change("game/g1", "set", { text: "again" });
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(sums).toEqual([10, 12]);
  });

  test("the stream begins with the first listener and ends with the last", async () => {
    const world = new World();
    const { document, stop } = await world.watch();
    const second = document.onChange(() => {});
    stop();
    stop();
    await world.pass(10);
    expect(world.server.session.streamIds).toHaveLength(1);
    second();
    await world.pass(10);
    expect(world.server.session.streamIds).toEqual([]);
    expect(world.server.methods().at(-1)).toBe("connection/end");
    expect(document.state.status).toBe("stale");
    // And again, from what is still held.
    document.subscribe(() => {});
    await world.pass(10);
    expect(document.state.status).toBe("live");
    expect(world.server.requests.at(-1)).toMatchObject({ method: "connection/create", resume: { seq: 1 } });
  });

  test("stopping and starting in one turn keeps the stream", async () => {
    const world = new World();
    const { document, stop } = await world.watch();
    stop();
    document.subscribe(() => {});
    await world.pass(10);
    expect(world.server.methods()).toEqual(["session/authenticate", "connection/create"]);
  });

  test("handles of one name share a stream; one with a view state has its own", async () => {
    const world = new World();
    await world.watch();
    world.client.document("game", "g1").subscribe(() => {});
    const own = world.client.document("game", "g1", { viewState: { zoom: 2 } });
    own.subscribe(() => {});
    await world.pass(10);
    expect(world.server.session.streamIds).toHaveLength(2);
    expect(own.state.view).toMatchObject({ echo: { zoom: 2 } });
  });

  test("a document that is not there ends the stream, and creating it begins it again", async () => {
    const world = new World();
    const document = world.client.document("game", "new");
    document.subscribe(() => {});
    await world.pass(50);
    expect(document.state).toMatchObject({
      status: "ended",
      view: undefined,
      error: { code: "not_found", retryable: false },
    });
    const created = document.create();
    await world.pass(50);
    expect(await created).toEqual({ seq: 1 });
    expect(document.state.status).toBe("live");
  });

  test("a deleted document ends the stream and is shown no more", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.server.session.endStreams(new ServiceError("not_found", "deleted"));
    await world.pass(10);
    expect(document.state).toMatchObject({ status: "ended", view: undefined, error: { code: "not_found" } });
  });

  test("a stream that ends retryably comes back after the advised time, and meanwhile shows what it had", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.server.session.endStreams(new ServiceError("moving", "moving", { retryAfterMs: 700 }));
    await world.pass(600);
    expect(document.state).toMatchObject({ status: "stale", view: { value: 0 }, error: { code: "moving" } });
    await world.pass(110);
    expect(document.state.status).toBe("live");
    expect(document.state.error).toBeUndefined();
  });

  test("view state: the newest wins, one update under way at a time, and each caller hears when it is there", async () => {
    const world = new World();
    const { document } = await world.watch();
    const updates = [1, 2, 3, 4].map((zoom) => document.updateViewState({ zoom }));
    await world.pass(50);
    await Promise.all(updates);
    expect(document.state.view).toMatchObject({ echo: { zoom: 4 } });
    expect(world.server.methods().filter((method) => method === "connection/update")).toHaveLength(2);
  });

  test("a view state set while the connection is away comes with the next stream", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.cut();
    await world.pass(10);
    const update = document.updateViewState({ zoom: 9 });
    await world.pass(3_000);
    await update;
    expect(document.state.view).toMatchObject({ echo: { zoom: 9 } });
    expect(world.server.methods()).not.toContain("connection/update");
  });

  test("a view state the server refuses rejects, and the stream goes on", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.server.intercept = (_, { method }) =>
      method === "connection/update" ? { error: new ServiceError("invalid_argument", "bad").toBody() } : undefined;
    const update = errorOf(document.updateViewState({ zoom: "x" }));
    await world.pass(10);
    expect(await update).toMatchObject({ code: "invalid_argument" });
    expect(document.state.status).toBe("live");
  });

  test("closing a handle ends its stream and forgets its listeners", async () => {
    const world = new World();
    const { document, states } = await world.watch();
    document.close();
    expect(document.state).toEqual({ status: "ended", view: undefined, seq: 1 });
    const count = states.length;
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(states).toHaveLength(count);
    expect(world.server.session.streamIds).toEqual([]);
    expect(world.client.document("game", "g1")).not.toBe(document);
  });

  test("names are checked before anything is sent", async () => {
    const world = new World();
    for (const [space, key] of [
      ["G", "k"],
      ["game", "a/b"],
      ["game", ""],
    ] as const) {
      expect(() => world.client.document(space, key)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    }
  });

  test("handles are bounded: unused ones are forgotten first", async () => {
    const world = new World({ limits: { documentsMax: 2 } });
    world.server.document("game/g2");
    const { document } = await world.watch("g1");
    const unused = world.client.document("game", "g2");
    const third = world.client.document("game", "g3");
    expect(world.client.document("game", "g2")).not.toBe(unused);
    expect(world.client.document("game", "g1")).toBe(document);
    expect(third.state.status).toBe("loading");
    world.client.document("game", "g2").subscribe(() => {});
    expect(() => world.client.document("game", "g4")).toThrow(expect.objectContaining({ code: "limit_exceeded" }));
  });

  test("a listener that throws does not keep others from hearing", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    const uncaught: unknown[] = [];
    const original = globalThis.queueMicrotask;
    globalThis.queueMicrotask = (callback) =>
      original(() => {
        try {
          callback();
        } catch (error) {
          uncaught.push(error);
        }
      });
    try {
      const seen: string[] = [];
      const stop = document.subscribe(() => {
        throw new Error("mine");
      });
      document.subscribe(({ status }) => seen.push(status));
      await world.pass(50);
      expect(seen).toEqual(["loading", "live"]);
      expect(uncaught).toHaveLength(2);
      stop();
    } finally {
      globalThis.queueMicrotask = original;
    }
  });
});
