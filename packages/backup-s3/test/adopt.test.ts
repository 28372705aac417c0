import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { epochName, type PartName } from "../src/store/backup-keys.ts";
import type { BackupManifest } from "../src/store/manifest.ts";
import { adoptParts, isEarlierState } from "../src/upload/adopt.ts";
import { ByteRate } from "../src/upload/byte-rate.ts";
import type { TrackedFile } from "../src/upload/file-uploader.ts";
import { modules } from "./support/s3-servers.ts";
import { newFolder, removeFolders } from "./support/test-store.ts";

afterEach(removeFolders);

const rate = new ByteRate(modules.clock, 1e9);
const ours = "what this store has in its segment";
const theirs = "what a copy of it wrote, elsewhere";
const epoch = epochName(1, "0000000a");

function part(text: string, from: number, to: number): PartName {
  const sha256 = createHash("sha256").update(text.slice(from, to)).digest("hex");
  return { epoch, kind: "log", id: 1, from, to, sha256 };
}

function named({ from, to, sha256 }: PartName): object {
  return { epoch, from, to, sha256 };
}

async function fileOf(text: string): Promise<TrackedFile> {
  const path = join(await newFolder(), "segment");
  await writeFile(path, text);
  return { kind: "log", id: 1, path, sizeBytes: text.length, isSealed: false, retiredAt: undefined, parts: [] };
}

describe("parts that an earlier process has uploaded", () => {
  test("are gone on with, the longest first, as far as they follow each other within the file", async () => {
    const file = await fileOf(ours);
    const [short, long, next, gap] = [part(ours, 0, 5), part(ours, 0, 10), part(ours, 10, 20), part(ours, 25, 30)];
    const beyond = { ...part(ours, 20, 30), to: 90 };
    expect(await adoptParts(file, [short, gap, beyond, next, long], rate)).toEqual([long, next].map(named));
  });

  test("are not, if they are of a copy that went on differently under the same number", async () => {
    const file = await fileOf(ours);
    expect(await adoptParts(file, [part(theirs, 0, 10), part(theirs, 10, 20)], rate)).toEqual([]);
    const own = part(ours, 0, 5);
    expect(await adoptParts(file, [part(theirs, 0, 10), own], rate)).toEqual([named(own)]);
    expect(await adoptParts(file, [part(ours, 5, 10)], rate)).toEqual([]);
  });
});

describe("a manifest", () => {
  async function isEarlier(text: string, more: Partial<BackupManifest["files"][number]> = {}): Promise<boolean> {
    const file = await fileOf(ours);
    const { from, to, sha256 } = part(text, 0, 10);
    const parts = [{ epoch, from, to, sha256 }];
    const files = [{ kind: "log" as const, id: 1, sizeBytes: 10, isSealed: false, parts, ...more }];
    const head = { cluster: "c", storeId: "s", epoch, number: 1, at: 1, node: "n", store: "", sideFiles: {} };
    return isEarlierState({ ...head, files }, new Map([["log/1", file]]), rate);
  }

  test("is an earlier state of this store if its files begin as those here do and are no longer", async () => {
    expect(await isEarlier(ours)).toBe(true);
    expect(await isEarlier(ours, { sizeBytes: ours.length })).toBe(true);
    expect(await isEarlier(ours, { sizeBytes: ours.length + 1 })).toBe(false);
    expect(await isEarlier(theirs)).toBe(false);
  });

  test("is none if it shares no living file with it", async () => {
    expect(await isEarlier(ours, { id: 2 })).toBe(false);
    expect(await isEarlier(ours, { retiredAt: 5 })).toBe(false);
    expect(await isEarlier(ours, { parts: [], sizeBytes: 0 })).toBe(false);
  });
});
