import { describe, expect, it } from "@jest/globals";
import { errorRegistry, ServiceError } from "@tidewire/foundation";
import { TestEdge } from "./support/test-edge.ts";

const document = { space: "conformance", key: "k1" };
const send = (id: number, marker?: string) => ({
  id,
  method: "message/send",
  ...document,
  message: "add",
  ...(marker && { marker }),
});

describe("one-shot requests follow their document", () => {
  it.each(["moving", "not_owner", "draining", "fenced"] as const)(
    "%s: asked again until the host takes it, also without a marker",
    async (code) => {
      const edge = await TestEdge.start();
      const client = await edge.connectAs();
      let refusals = 3;
      edge.hosts[0].onSend = () => {
        if (refusals-- > 0) throw new ServiceError(code, "elsewhere");
        return { seq: 9 };
      };
      client.up(send(1));
      await edge.settle(5_000);
      expect(client.of(1)).toEqual([{ id: 1, result: { seq: 9 } }]);
      expect(edge.hosts[0].sends).toHaveLength(4);
    },
  );

  it("go to the new owner as soon as the table names it", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    edge.hosts[0].refusal = new ServiceError("not_owner", "not mine");
    client.up(send(1));
    await edge.settle(40);
    edge.directory.set(edge.hosts[1]);
    await edge.settle(5);
    expect(client.last(1)?.result).toBeDefined();
    expect(edge.hosts[1].sends[0]).toMatchObject({ tableVersion: 2 });
  });

  it("wait for the first table, not for ever", async () => {
    const edge = await TestEdge.start();
    edge.directory.set(undefined);
    const client = await edge.connectAs();
    client.up(send(1));
    await edge.settle(1_000);
    edge.directory.set(edge.hosts[0]);
    await edge.settle();
    expect(client.last(1)?.result).toBeDefined();
    edge.directory.set(undefined);
    client.up(send(2));
    await edge.settle(2_100);
    expect(client.last(2)?.error).toMatchObject({ code: "unavailable", retryable: true, retryAfterMs: 1_000 });
  });

  it("without a marker are never made twice once they may have had an effect", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    edge.hosts[0].isSilent = true;
    client.up(send(1));
    client.up({ id: 2, method: "document/delete", ...document });
    await edge.settle(50);
    edge.hosts[0].stop();
    await edge.settle(50);
    edge.directory.set(edge.hosts[1]);
    await edge.settle(4_000);
    for (const id of [1, 2])
      expect(client.of(id)).toEqual([{ id, error: expect.objectContaining({ code: "timeout" }) }]);
    expect(edge.hosts[1].sends).toHaveLength(0);
    expect(edge.hosts[1].deletes).toBe(0);
  });

  it("with a marker, and reads, are made again", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    edge.hosts[0].isSilent = true;
    client.up(send(1, "once"));
    client.up({ id: 2, method: "document/get", ...document });
    client.up({ id: 3, method: "document/create", ...document, marker: "born" });
    await edge.settle(50);
    edge.hosts[0].stop();
    await edge.settle(50);
    edge.directory.set(edge.hosts[1]);
    await edge.settle(4_000);
    for (const id of [1, 2, 3]) expect(client.last(id)?.result).toBeDefined();
    expect(edge.hosts[1].sends[0]?.marker).toBe("once");
  });

  it("that a host cannot judge are unavailable at once without a marker", async () => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    edge.hosts[0].refusal = new ServiceError("unavailable", "the log is away");
    client.up(send(1));
    await edge.settle(5);
    expect(client.last(1)?.error).toMatchObject({ code: "unavailable", retryable: true });
    client.up(send(2, "m"));
    await edge.settle(500);
    expect(client.last(2)).toBeUndefined();
    edge.hosts[0].refusal = undefined;
    await edge.settle(2_000);
    expect(client.last(2)?.result).toBeDefined();
  });

  it("end at their deadline with a timeout", async () => {
    const edge = await TestEdge.start({ limits: { requestDeadlineMs: 3_000 } });
    const client = await edge.connectAs();
    edge.hosts[0].isSilent = true;
    client.up(send(1, "m"));
    await edge.settle(2_900);
    expect(client.last(1)).toBeUndefined();
    await edge.settle(200);
    expect(client.last(1)?.error).toMatchObject({ code: "timeout", retryable: true, retryAfterMs: 1_000 });
  });

  it("to a host that cannot be reached are unavailable at the deadline at the latest", async () => {
    const edge = await TestEdge.start({ limits: { requestDeadlineMs: 4_000 } });
    edge.directory.set({ id: "nobody", address: "nobody:1" });
    const client = await edge.connectAs();
    client.up(send(1));
    await edge.settle(4_500);
    expect(client.last(1)?.error).toMatchObject({ code: "unavailable", retryable: true });
  });
});

describe("errors of a host", () => {
  const terminal = [
    "rejected",
    "handler_failed",
    "not_found",
    "already_exists",
    "forbidden",
    "limit_exceeded",
  ] as const;
  it.each(terminal)("%s reaches the client as it is", async (code) => {
    const edge = await TestEdge.start();
    const client = await edge.connectAs();
    edge.hosts[0].refusal = new ServiceError(code, "because", { details: { code: "full", data: [1] } });
    client.up(send(1, "m"));
    await edge.settle();
    expect(client.last(1)?.error).toEqual({
      code,
      number: errorRegistry[code].number,
      message: "because",
      retryable: false,
      details: { code: "full", data: [1] },
    });
  });

  it.each([
    ["not_owner", "moving"],
    ["fenced", "unavailable"],
  ] as const)("%s is ours alone: the client sees %s", async (code, seen) => {
    const edge = await TestEdge.start({ limits: { requestDeadlineMs: 500 } });
    const client = await edge.connectAs();
    edge.hosts[0].refusal = new ServiceError(code, "epoch 7 of host-b", { details: { epoch: 7 } });
    client.up(send(1));
    await edge.settle(1_000);
    const error = client.last(1)?.error;
    expect(error).toMatchObject({ code: seen, retryable: true });
    expect(JSON.stringify(error)).not.toContain("epoch");
  });
});
