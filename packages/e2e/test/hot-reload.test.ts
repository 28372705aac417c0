import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { RawClient, repositoryRoot, System } from "@tidewire/harness";

/** In here what the source imports is found, and nothing of it is taken for a part of the repository. */
const folder = mkdtempSync(join(repositoryRoot, "node_modules", ".hot-reload-"));
const source = join(folder, "counter.ts");
let system: System;
let client: RawClient;
const streams: number[] = [];

interface Code {
  readonly step: number;
  readonly version?: number;
  readonly state?: string;
  readonly before?: string;
}

function write({ step, version = 1, state = "count: t.int()", before = "" }: Code): void {
  writeFileSync(
    source,
    `import { defineDocument, t } from "@tidewire/document";
${before}
export const counter = defineDocument({
  space: "counter",
  version: ${version},
  createsOnDemand: true,
  state: { ${state} },
  computed: { step: () => ${step} },
  messages: (message) => ({ bump: message((doc) => (doc.count += ${step})) }),
  migrate: { 1: (doc) => { doc.count *= 100; } },
});
`,
  );
}

const keys = ["a", "b", "c", "d"];
const counts = (): number[] => streams.map((id) => client.view<{ count: number }>(id).count);
async function bumpAll(): Promise<unknown[]> {
  return Promise.all(
    keys.map(async (key) => (await client.call("message/send", { space: "counter", key, message: "bump" }))["value"]),
  );
}

beforeAll(async () => {
  write({ step: 1 });
  system = await System.start({ hosts: 2, args: ["--watch", "--documents", source] });
  client = await RawClient.as(system.socketUrl, "ann");
  for (const key of keys) streams.push(await client.connect("counter", key));
  await bumpAll();
}, 90_000);

afterAll(async () => {
  await client?.close();
  await system?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test("edited code runs in the documents that are there: the state stays, and so does the connection", async () => {
  const report = await system.eventAfter("reloaded", () => write({ step: 10 }));
  expect(report).toMatchObject({ refusal: null, spaces: ["counter"], documents: 4, behind: [] });
  for (const id of streams) await client.untilView<{ step: number }>(id, ({ step }) => step === 10);
  expect(counts()).toEqual([1, 1, 1, 1]);
  expect(await bumpAll()).toEqual([11, 11, 11, 11]);
  expect(client.closed).toBeUndefined();
  expect(client.frames.filter((frame) => frame.end !== undefined)).toEqual([]);
  expect(client.mismatches).toEqual([]);
}, 60_000);

test("what cannot be built is told with file and line, and the old code goes on", async () => {
  const broken = await system.eventAfter("broken", () => write({ step: 20, before: "const = 1;" }));
  expect(broken.text).toMatch(/counter\.ts:2:7: /);
  expect(await bumpAll()).toEqual([21, 21, 21, 21]);
}, 60_000);

test("what throws as it is loaded, too", async () => {
  const before = 'const missing: string[] | undefined = undefined;\nmissing!.push("x");';
  const { refusal } = await system.eventAfter("reloaded", () => write({ step: 20, before }));
  expect(refusal).toMatch(/counter\.js: .*push.* at .*counter\.ts:3:10/);
  expect(await bumpAll()).toEqual([31, 31, 31, 31]);
}, 60_000);

test.each<[string, Code, RegExp]>([
  [
    "state that stored documents do not have",
    { step: 20, state: "count: t.int(), more: t.int()" },
    /doc\.more is new and not optional; raise version to 2/,
  ],
  ["a definition that is none", { step: 20, state: "count: t.int(), step: t.int()" }, /"step" is defined twice/],
])(
  "%s is refused with the reason",
  async (_what, code, reason) => {
    const { refusal } = await system.eventAfter("reloaded", () => write(code));
    expect(refusal).toMatch(reason);
    const before = counts()[0]!;
    expect(await bumpAll()).toEqual(keys.map(() => before + 10));
  },
  60_000,
);

test("a new version migrates, a smaller one is refused", async () => {
  const before = counts()[0]!;
  const report = await system.eventAfter("reloaded", () => write({ step: 5, version: 2 }));
  expect(report).toMatchObject({ refusal: null, documents: 4, behind: [] });
  for (const id of streams) await client.untilView<{ count: number }>(id, ({ count }) => count === before * 100);
  const { refusal } = await system.eventAfter("reloaded", () => write({ step: 6 }));
  expect(refusal).toMatch(/version went back from 2 to 1/);
  expect(await bumpAll()).toEqual(keys.map(() => before * 100 + 5));
  expect(client.closed).toBeUndefined();
  expect(client.frames.filter((frame) => frame.end !== undefined)).toEqual([]);
}, 60_000);
