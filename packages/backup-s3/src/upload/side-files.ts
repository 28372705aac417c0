import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSideFileName } from "../store/manifest-check.ts";

/** They travel in every manifest. */
const MAX_BYTES = 64 * 1024;

/** By name, as text. Throws for one that is not small. */
export async function readSideFiles(
  directory: string,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  for (const name of names) {
    if (!isSideFileName(name)) throw new Error(`a restore would refuse a side file of the name ${name}`);
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    if (found.size > MAX_BYTES)
      throw new Error(`${path} has ${found.size} bytes, at most ${MAX_BYTES} go into a manifest`);
    files[name] = await readFile(path, "utf8");
  }
  return files;
}
