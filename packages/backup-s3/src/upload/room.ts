import { statfs } from "node:fs/promises";

/** Share of the file system's bytes that this process may still use, from 0 to 1. */
export async function freeShare(path: string): Promise<number> {
  const { bavail, blocks } = await statfs(path);
  return blocks === 0 ? 1 : bavail / blocks;
}
