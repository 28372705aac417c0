import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { demoDocuments, documentsOf } from "../src/watch/watched-documents.ts";

const root = mkdtempSync(join(tmpdir(), "tidewire-watched-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("bundles are taken as they are, sources are bundled into the data folder under names of their own", () => {
  expect(documentsOf(["a/game.js", "a/game.ts", "b/game.mts"], "/data")).toEqual({
    bundles: [resolve("a/game.js"), "/data/documents/2-game.js", "/data/documents/3-game.js"],
    sources: [
      { source: resolve("a/game.ts"), outfile: "/data/documents/2-game.js" },
      { source: resolve("b/game.mts"), outfile: "/data/documents/3-game.js" },
    ],
  });
});

test("the demo is what its build made of it, and follows its sources only when watched", () => {
  expect(demoDocuments(root, true)).toEqual({ bundles: [], sources: [] });
  const [outfile, source] = [join(root, "apps/demo/dist/documents.js"), join(root, "apps/demo/src/documents.ts")];
  for (const file of [outfile, source]) {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "");
  }
  expect(demoDocuments(root, false)).toEqual({ bundles: [outfile], sources: [] });
  expect(demoDocuments(root, true)).toEqual({ bundles: [outfile], sources: [{ source, outfile }] });
});
