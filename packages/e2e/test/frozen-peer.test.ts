import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RawClient, System } from "@tidewire/harness";

const EDGE = "edge-proxy-1";
/** Of one send; small enough to be one frame of the link. */
const TEXT = "x".repeat(16_000);
/** 16 MB, more than the buffers of the kernel (up to 6 MB for each side) and the link's bound (4 MiB) hold together. */
const SENDS = 1_000;
/** The bound of the link, what the sockets hold, and the requests themselves, in the memory of a process that also collects garbage. */
const GROWTH_MAX_BYTES = 128 * 1024 * 1024;

const kind = process.env["LINK"] ?? "binary";
let system: System;

beforeAll(async () => {
  system = await System.start({ hosts: 2 });
}, 90_000);
afterAll(() => system.stop(), 60_000);

const congested = (): Promise<number> => system.metric(EDGE, `tidewire_link_${kind}_congested_connections`);

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`waited 30 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A viewer of a document on that host. */
async function viewerOn(host: string, client: RawClient): Promise<string> {
  for (let index = 0; index < 100; index++) {
    const before = await system.metric(host, "tidewire_document_host_frames_total");
    const key = `${host}-${index}`;
    await client.connect("conformance", key);
    if ((await system.metric(host, "tidewire_document_host_frames_total")) > before) return key;
  }
  throw new Error(`none of a hundred documents is on ${host}`);
}

describe("a host that does not read any more", () => {
  test("costs the edge bounded memory, shows in a metric, and holds up nobody else", async () => {
    const [frozen, lively] = system.hostNames as [string, string];
    const client = await RawClient.as(system.socketUrl, "ann");
    const other = await RawClient.as(system.socketUrl, "ben");
    const frozenKey = await viewerOn(frozen, client);
    const livelyKey = await viewerOn(lively, other);
    const add = (key: string): Promise<Record<string, unknown>> =>
      other.call("message/send", { space: "conformance", key, message: "add", arg: { by: 1 } });
    await add(livelyKey);
    const residentBytes = (): Promise<number> => system.metric(EDGE, "process_resident_memory_bytes");
    const before = await residentBytes();
    expect(await congested()).toBe(0);

    system.signal(frozen, "SIGSTOP");
    const outcomes = Array.from({ length: SENDS }, () =>
      client.call("message/send", { space: "conformance", key: frozenKey, message: "set", arg: { text: TEXT } }).then(
        () => "done",
        (error: { code: string; retryable: boolean }) => (error.retryable ? "retryable" : error.code),
      ),
    );
    await until("the stall to show", async () => (await congested()) === 1);
    for (let round = 0; round < 20; round++) await add(livelyKey);
    expect(await congested()).toBe(1);
    expect((await residentBytes()) - before).toBeLessThan(GROWTH_MAX_BYTES);

    system.signal(frozen, "SIGCONT");
    const settled = await Promise.all(outcomes);
    expect(new Set(settled)).toEqual(new Set(["done", "retryable"]));
    await until("the stall to be over", async () => (await congested()) === 0);
    await add(frozenKey);
    await Promise.all([client.close(), other.close()]);
  }, 120_000);
});
