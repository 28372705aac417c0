import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type DocumentName, documentPath, noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { compareNames, type KnownDocument, type LogEngine } from "@tidewire/log-engine";
import fc from "fast-check";
import { openLocalLogEngine } from "../src/index.ts";

const documentArbitrary = fc.record({
  space: fc.constantFrom("go-9x9", "golf", "gol"),
  key: fc.integer({ min: 0, max: 12 }).map((number) => `k${number}`),
});
const actions = fc.array(
  fc.record({
    document: documentArbitrary,
    kind: fc.constantFrom("open", "append", "append", "delete", "install", "survey", "restart"),
  }),
  { maxLength: 40 },
);

test("every document is found in its place, whatever has become of it and whenever it is asked for", async () => {
  await fc.assert(
    fc.asyncProperty(actions, fc.integer({ min: 1, max: 5 }), async (steps, limit) => {
      const directory = await mkdtemp(join(tmpdir(), "tidewire-survey-"));
      const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics };
      let engine = await openLocalLogEngine({ directory }, modules);
      const names = new Map<string, DocumentName>();
      try {
        for (const { document, kind } of steps) {
          if (kind === "survey") await expectAll(engine, [...names.values()], limit);
          else if (kind === "restart") {
            await engine.close();
            engine = await openLocalLogEngine({ directory }, modules);
          } else {
            names.set(documentPath(document), document);
            await change(engine, document, kind);
          }
        }
        await expectAll(engine, [...names.values()], limit);
      } finally {
        await engine.close();
        await rm(directory, { recursive: true });
      }
    }),
    { numRuns: Number(process.env["TIDEWIRE_TEST_RUNS"] ?? 40) },
  );
});

async function change(engine: LogEngine, document: DocumentName, kind: string): Promise<void> {
  const { epoch, seq } = await engine.open(document, "host-a");
  if (kind === "open") return;
  if (kind === "install") {
    await engine.install(document, { epoch, afterSeq: seq + 1, replaces: true, patches: [], isDeleted: seq % 2 === 0 });
  } else {
    const data = new Uint8Array(1);
    await engine.append(document, { epoch, expectedSeq: seq, seq: seq + 1, data, deletes: kind === "delete" });
  }
}

async function expectAll(engine: LogEngine, names: readonly DocumentName[], limit: number): Promise<void> {
  const found: KnownDocument[] = [];
  for (let after: DocumentName | undefined; ; ) {
    const page = await engine.documents({ limit, ...(after === undefined ? {} : { after }) });
    found.push(...page);
    if (page.length < limit) break;
    after = page.at(-1)!.document;
  }
  const sorted = [...names].sort(compareNames);
  const heads = await engine.heads(sorted);
  expect(found).toEqual(sorted.map((document, index) => ({ document, ...heads[index] })));
  const spaces = heads.flatMap(({ seq, isDeleted }, index) => (seq > 0 && !isDeleted ? [sorted[index]!.space] : []));
  expect(await engine.spaces({ limit: 10 })).toEqual([...new Set(spaces)]);
}
