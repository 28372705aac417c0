import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import { errorOf, World } from "./support/world.ts";

describe("sending", () => {
  test("an answer with seq and value", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    const sent = document.send("add", { by: 2 });
    await world.pass(50);
    expect(await sent).toEqual({ seq: 2, value: { value: 2 } });
    const silent = document.send("shuffle");
    await world.pass(50);
    expect(await silent).toEqual({ seq: 3 });
    expect(world.server.requests.at(-1)).toMatchObject({ method: "message/send", arg: undefined });
  });

  test("the document's refusal carries its own code and data", async () => {
    const world = new World();
    const refused = errorOf(world.client.document("game", "g1").send("fail", { code: "not_your_turn" }));
    await world.pass(50);
    expect(await refused).toMatchObject({
      name: "TidewireError",
      code: "rejected",
      number: 2003,
      retryable: false,
      details: { code: "not_your_turn", data: { why: 1 } },
    });
  });

  test("create, get and delete", async () => {
    const world = new World();
    const document = world.client.document("game", "new");
    const results = [
      document.create({ size: 3 }),
      document.get(),
      errorOf(document.create()),
      document.delete(),
      errorOf(document.get()),
    ];
    await world.pass(50);
    expect(await Promise.all(results)).toMatchObject([
      { seq: 1 },
      { seq: 1, hash: expect.any(String), view: { value: 0, text: "", cards: [] } },
      { code: "already_exists" },
      {},
      { code: "not_found" },
    ]);
    expect(world.server.requests[1]).toMatchObject({
      method: "document/create",
      arg: '{"size":3}',
      marker: expect.any(String),
    });
  });

  test("sends keep their order and do not wait for one another", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    const sends = ["a", "b", "c"].map((text) => document.send("set", { text }));
    await world.pass(5);
    expect(world.server.requests.slice(1).map((request) => ("arg" in request ? request.arg : ""))).toEqual([
      '{"text":"a"}',
      '{"text":"b"}',
      '{"text":"c"}',
    ]);
    expect((await Promise.all(sends)).map(({ seq }) => seq)).toEqual([2, 3, 4]);
  });

  test("what is sent is what the argument was, not what it became", async () => {
    const world = new World();
    const arg = { text: "before" };
    const sent = world.client.document("game", "g1").send("set", arg);
    arg.text = "after";
    await world.pass(50);
    await sent;
    expect(world.server.document("game/g1").text).toBe("before");
  });

  test("sent before the connection, and while it is away: once each, in order, when it is back", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    world.network.mode = "refuse";
    const early = document.send("add", { by: 1, label: "early" });
    await world.pass(500);
    world.network.mode = "accept";
    await world.pass(3_000);
    expect(await early).toMatchObject({ seq: 2 });
    world.network.cut();
    const later = ["x", "y"].map((label) => document.send("add", { by: 1, label }));
    await world.pass(3_000);
    expect((await Promise.all(later)).map(({ seq }) => seq)).toEqual([3, 4]);
    expect(Object.fromEntries(world.server.document("game/g1").executed)).toEqual({ early: 1, x: 1, y: 1 });
  });

  test("the answer was lost: sent again with the same marker, it happened once, and the first outcome comes", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    world.client.connect();
    await world.pass(50);
    for (const socket of world.network.sockets) socket.framesLeft = 0;
    const sent = document.send("add", { by: 3, label: "once" });
    await world.pass(3_000);
    expect(await sent).toEqual({ seq: 2, value: { value: 3 } });
    expect(world.server.document("game/g1").executed.get("once")).toBe(1);
    const markers = world.server.requests.flatMap((request) => ("marker" in request ? [request.marker] : []));
    expect(markers).toHaveLength(2);
    expect(new Set(markers).size).toBe(1);
  });

  test("no answer on a live connection: asked again under the same marker", async () => {
    const world = new World();
    world.server.intercept = (_, { method }) => (method === "message/send" ? "none" : undefined);
    const sent = world.client.document("game", "g1").send("add", { by: 3, label: "once" });
    await world.pass(10_000);
    world.server.intercept = () => undefined;
    await world.pass(10_000);
    expect(await sent).toMatchObject({ seq: 2 });
    expect(world.server.document("game/g1").executed.get("once")).toBe(1);
  });

  test("a retryable refusal is tried again after the advised time, under the same marker", async () => {
    const world = new World();
    let refusals = 2;
    world.server.intercept = (_, { method }) =>
      method === "message/send" && refusals-- > 0
        ? { error: new ServiceError("overloaded", "busy", { retryAfterMs: 2_000 }).toBody() }
        : undefined;
    const document = world.client.document("game", "g1");
    const sent = document.send("add", { by: 1, label: "patient" });
    await world.pass(1_900);
    expect(refusals).toBe(1);
    await world.pass(4_000);
    expect(await sent).toMatchObject({ seq: 2 });
    const markers = world.server.requests.flatMap((request) => ("marker" in request ? [request.marker] : []));
    expect(markers).toHaveLength(3);
    expect(new Set(markers).size).toBe(1);
  });

  test("the deadline: unavailable if nothing was sent, timeout if nobody knows", async () => {
    const world = new World();
    world.network.mode = "refuse";
    const document = world.client.document("game", "g1");
    const unsent = errorOf(document.send("add", { by: 1 }, { timeoutMs: 1_000 }));
    await world.pass(1_100);
    expect(await unsent).toMatchObject({ code: "unavailable" });
    world.network.mode = "accept";
    await world.pass(5_000);
    world.network.blackhole();
    const unknown = errorOf(document.send("add", { by: 1 }, { timeoutMs: 1_000 }));
    await world.pass(1_100);
    expect(await unknown).toMatchObject({ code: "timeout" });
  });

  test("a marker of one's own is used, and checked", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    const first = document.send("add", { by: 1 }, { marker: "order-17" });
    const second = document.send("add", { by: 1 }, { marker: "order-17" });
    await world.pass(50);
    expect(await second).toEqual(await first);
    expect(await errorOf(document.send("add", { by: 1 }, { marker: "ü" }))).toMatchObject({ code: "invalid_argument" });
  });

  test("calls are bounded", async () => {
    const world = new World({ limits: { pendingCallsMax: 2, pendingCallsMaxLength: 1_000 } });
    world.network.mode = "refuse";
    const document = world.client.document("game", "g1");
    const waiting = [document.send("add", { by: 1 }), document.send("add", { by: 1 })];
    expect(await errorOf(document.send("add", { by: 1 }))).toMatchObject({ code: "overloaded", retryable: true });
    world.network.mode = "accept";
    await world.pass(5_000);
    await Promise.all(waiting);
    expect(await errorOf(document.send("set", { text: "x".repeat(1_000) }))).toMatchObject({ code: "overloaded" });
    const fits = document.send("add", { by: 1 });
    await world.pass(50);
    expect(await fits).toMatchObject({ seq: 4 });
  });

  test("no more requests are in flight than the server takes", async () => {
    const world = new World({}, { limits: { requestsMax: 40 } });
    const held: number[] = [];
    world.server.intercept = (_, { method }, id) =>
      method === "message/send" && held.push(id) > 0 ? "none" : undefined;
    const document = world.client.document("game", "g1");
    const sends = Array.from({ length: 20 }, (_, index) => document.send("add", { by: index }));
    await world.pass(50);
    expect(held).toHaveLength(8);
    world.server.intercept = () => undefined;
    for (const id of held) world.server.session.send({ id, result: { seq: 1 } });
    await world.pass(50);
    expect(await Promise.all(sends)).toHaveLength(20);
  });

  test("an argument larger than the server takes is refused here", async () => {
    const world = new World({}, { limits: { frameMaxBytes: 1_000 } });
    const document = world.client.document("game", "g1");
    const large = errorOf(document.send("set", { text: "é".repeat(500) }));
    const small = document.send("set", { text: "é".repeat(300) });
    await world.pass(50);
    expect(await large).toMatchObject({ code: "limit_exceeded", details: { limit: "frameMaxBytes" } });
    expect(await small).toMatchObject({ seq: 2 });
  });

  test("an argument that is no JSON is refused here", async () => {
    const world = new World();
    const document = world.client.document("game", "g1");
    expect(await errorOf(document.send("add", { by: 1n }))).toMatchObject({ code: "invalid_argument" });
  });

  test("as another principal a send of unknown outcome is not repeated", async () => {
    const world = new World({ token: undefined as never });
    const document = world.client.document("game", "g1");
    world.client.connect();
    await world.pass(50);
    for (const socket of world.network.sockets) socket.framesLeft = 0;
    const unknown = errorOf(document.send("add", { by: 1, label: "unknown" }));
    const fetched = document.get();
    await world.pass(3_000);
    expect(await unknown).toMatchObject({ code: "timeout" });
    expect(await fetched).toMatchObject({ view: { value: 1 } });
    const unsent = document.send("add", { by: 1, label: "fresh" });
    await world.pass(50);
    await unsent;
    expect(Object.fromEntries(world.server.document("game/g1").executed)).toEqual({ unknown: 1, fresh: 1 });
  });

  test("a delete of unknown outcome is not repeated", async () => {
    const world = new World();
    world.client.connect();
    await world.pass(50);
    for (const socket of world.network.sockets) socket.framesLeft = 0;
    const unknown = errorOf(world.client.document("game", "g1").delete());
    await world.pass(3_000);
    expect(await unknown).toMatchObject({ code: "timeout" });
    expect(world.server.methods().filter((method) => method === "document/delete")).toHaveLength(1);
  });

  test("closing the client rejects what has no answer and everything after", async () => {
    const world = new World();
    world.network.mode = "hang";
    const document = world.client.document("game", "g1");
    const waiting = errorOf(document.send("add", { by: 1 }));
    await world.pass(10);
    world.client.close();
    expect(await waiting).toMatchObject({ code: "unavailable", retryable: false });
    expect(await errorOf(document.send("add", { by: 1 }))).toMatchObject({ code: "unavailable", retryable: false });
  });
});
