import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { TestViewer } from "./support/test-document.ts";
import { World } from "./support/world.ts";

const resyncs = (world: World): number =>
  world.server.methods().filter((method) => method === "connection/resync").length;

/** The next delta of a stream goes wrong in this way; later ones are as they should be. */
function tamperOnce(
  world: World,
  change: (delta: Record<string, unknown>) => Record<string, unknown> | undefined,
): void {
  let isDone = false;
  world.server.tamper = (frame) => {
    const { delta } = frame as { delta?: Record<string, unknown> };
    if (isDone || delta === undefined) return frame;
    isDone = true;
    const changed = change(delta);
    return changed === undefined ? undefined : { delta: changed };
  };
}

describe("a state that went wrong", () => {
  test("a wrong value is noticed by the hash, never shown, and repaired at once", async () => {
    const world = new World();
    const { document, states } = await world.watch();
    tamperOnce(world, (delta) => ({ ...delta, value: 666 }));
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(resyncs(world)).toBe(1);
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
    expect(states.map(({ view }) => (view as { value: number } | undefined)?.value)).toEqual([undefined, 0, 0, 1]);
    expect(states.map(({ status }) => status)).toEqual(["loading", "live", "stale", "live"]);
  });

  test("a delta that was lost is noticed with the next one", async () => {
    const world = new World();
    const { document } = await world.watch();
    tamperOnce(world, () => undefined);
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(document.state.view).toMatchObject({ value: 0 });
    world.server.change("game/g1", "set", { text: "x" });
    await world.pass(10);
    expect(document.state).toMatchObject({ status: "live", view: { value: 1, text: "x" } });
    expect(resyncs(world)).toBe(1);
  });

  test.each<[string, Record<string, unknown>]>([
    ["a range out of bounds", { cards: { "@o": [[0, 9]] } }],
    ["an unknown reserved key", { "@x": 1 }],
    ["a list patch on a number", { value: { "@o": [] } }],
    ["a seq that goes back", { "@s": 0 }],
  ])("%s is repaired, and what is shown stays", async (_name, fault) => {
    const world = new World();
    const { document, states } = await world.watch();
    tamperOnce(world, (delta) => ({ ...delta, ...fault }));
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    expect(resyncs(world)).toBe(1);
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
    expect(states.every(({ view }) => view === undefined || [0, 1].includes((view as { value: number }).value))).toBe(
      true,
    );
  });

  test("deltas that were under way when the repair was asked for are skipped", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.slowDown(50);
    tamperOnce(world, () => ({ "@s": 2, "@h": "0000000000000000", value: 666 }));
    for (let step = 0; step < 10; step++) {
      world.server.change("game/g1", "add", { by: 1 });
      await world.clock.advanceAsync(20);
    }
    await world.pass(300);
    expect(resyncs(world)).toBe(1);
    expect(document.state).toMatchObject({ status: "live", view: { value: 10 } });
  });

  test("a server whose hashes are never right is not stormed", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    world.server.tamper = (frame) => {
      const [kind, body] = Object.entries(frame)[0]!;
      return { [kind]: { ...(body as object), "@h": "0000000000000000" } };
    };
    document.subscribe(() => {});
    await world.pass(60_000);
    expect(resyncs(world)).toBeGreaterThan(2);
    expect(resyncs(world)).toBeLessThan(10);
    expect(document.state.status).toBe("loading");
    world.server.tamper = (frame) => frame;
    await world.pass(60_000);
    expect(document.state.status).toBe("live");
  });

  test("a repair that is refused for now is asked for again; one that is refused for good begins anew", async () => {
    const world = new World();
    const { document } = await world.watch();
    const refusals = [
      new ServiceError("overloaded", "busy", { retryAfterMs: 400 }),
      new ServiceError("invalid_argument", "no"),
    ];
    world.server.intercept = (_, { method }) => {
      const refusal = method === "connection/resync" ? refusals.shift() : undefined;
      return refusal === undefined ? undefined : { error: refusal.toBody() };
    };
    tamperOnce(world, (delta) => ({ ...delta, value: 666 }));
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(300);
    expect(resyncs(world)).toBe(1);
    await world.pass(2_000);
    expect(refusals).toEqual([]);
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
    const creates = world.server.requests.filter(({ method }) => method === "connection/create");
    // It resumes from the last state that was right, not from the broken one.
    expect(creates[1]).toMatchObject({ resume: { seq: 1 } });
  });

  test("a stream that does not begin is opened again", async () => {
    const world = new World();
    let isDeaf = true;
    world.server.intercept = (_, { method }) => (method === "connection/create" && isDeaf ? "none" : undefined);
    const document = world.client.document("game", "g1");
    document.subscribe(() => {});
    await world.pass(10_000);
    expect(document.state.status).toBe("loading");
    isDeaf = false;
    world.server.intercept = (_, { method }) => (method === "connection/end" ? { result: {} } : undefined);
    await world.pass(8_000);
    expect(document.state.status).toBe("live");
  });

  test("a stream that begins with a delta over nothing is repaired", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    let isFirst = true;
    world.server.tamper = (frame) => {
      const wasFirst = isFirst;
      isFirst = false;
      return wasFirst ? { delta: { "@s": 1, value: 5 } } : frame;
    };
    document.subscribe(() => {});
    await world.pass(50);
    expect(document.state).toMatchObject({ status: "live", view: { value: 0 } });
  });

  test("the next connection resumes from what was right when the break came in the middle of a repair", async () => {
    const world = new World();
    const { document } = await world.watch();
    tamperOnce(world, (delta) => ({ ...delta, value: 666 }));
    world.server.intercept = (_, { method }) => (method === "connection/resync" ? "none" : undefined);
    world.server.change("game/g1", "add", { by: 1 });
    await world.pass(10);
    world.network.cut();
    await world.pass(2_000);
    expect(world.server.requests.at(-1)).toMatchObject({ method: "connection/create", resume: { seq: 1 } });
    expect(document.state).toMatchObject({ status: "live", view: { value: 1 } });
  });

  test("a resume that goes wrong is not shown either", async () => {
    const world = new World();
    const { document, states } = await world.watch();
    tamperOnce(world, (delta) => ({ ...delta, "@h": "0000000000000000", value: 666 }));
    world.server.intercept = (_, { method }) => (method === "connection/resync" ? "none" : undefined);
    world.network.cut();
    await world.pass(2_000);
    expect(resyncs(world)).toBe(1);
    expect(document.state).toMatchObject({ status: "stale", view: { value: 0 } });
    world.server.intercept = () => undefined;
    world.network.cut();
    await world.pass(5_000);
    expect(document.state).toMatchObject({ status: "live", view: { value: 0 } });
    expect(states.every(({ view }) => (view as { value?: number } | undefined)?.value !== 666)).toBe(true);
  });

  test("one repair is asked for once, however many frames are wrong meanwhile", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.network.slowDown(50);
    world.server.tamper = (frame) => ("delta" in frame ? { delta: { "@s": 99, "@x": 1 } } : frame);
    for (let step = 0; step < 5; step++) {
      world.server.change("game/g1", "add", { by: 1 });
      await world.clock.advanceAsync(10);
    }
    await world.pass(60_000);
    expect(resyncs(world)).toBe(1);
    expect(document.state).toMatchObject({ status: "live", view: { value: 5 } });
  });

  test("a view that the page changed in place is found by the next heartbeat, and put right", async () => {
    const world = new World();
    const { document } = await world.watch();
    world.server.change("game/g1", "deal", { rank: 1 });
    await world.pass(11_000);
    const truth = world.server.checks.at(-1)![0]!;
    const { view } = document.state;
    (view!["cards"] as { rank: number }[])[0]!.rank = 99;
    await world.pass(5_000);
    const check = world.server.checks.at(-1)![0]!;
    expect([check[1], check[2] === truth[2]]).toEqual([truth[1], false]);
    // What a server does with such a check.
    const [id] = world.server.session.streamIds;
    world.server.session.send({ id, ...new TestViewer(undefined).snapshot(world.server.document("game/g1")) });
    await world.pass(10);
    expect(document.state.view!["cards"]).toEqual([{ id: "1", rank: 1 }]);
  });
});
