import { link, open, readFile, rename, stat, unlink, utimes } from "node:fs/promises";
import { DirectoryInUse, type DirectoryLock, systemCode } from "./file-system.ts";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./process-identity.ts";

export interface LockFileOptions {
  /** How often the holder touches the file. */
  readonly heartbeatMs: number;
  /** How long a holder that cannot be seen (another container, a reboot) must be silent before the lock is taken over. */
  readonly silenceMs: number;
}

const defaultOptions: LockFileOptions = { heartbeatMs: 2_000, silenceMs: 7_000 };
/** A take-over is guarded by a lock of its own, which may have to be taken over, and so on. */
const NESTING_MAX = 3;

/**
 * One process per directory. Node has no flock, so the file names its holder by pid, start time, boot and pid namespace:
 * a holder that died by kill -9 is recognised at once, one that lives is never robbed. Where the holder cannot be seen
 * from here, the heartbeat decides.
 */
export async function acquireLockFile(
  path: string,
  options: LockFileOptions = defaultOptions,
  nesting = 0,
): Promise<DirectoryLock> {
  const own = ownIdentity();
  const draft = `${path}.${own.token}`;
  try {
    await writeDraft(draft, own);
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await linkInto(draft, path)) return new HeldLock(path, own.token, options);
      const holder = await readHolder(path);
      if (holder === "gone") continue;
      const state = holder === "unreadable" ? "unknown" : livenessOf(holder);
      if (state === "alive" || (state === "unknown" && (await beats(path, options)))) throw inUse(path, holder);
      if (await takeOver(draft, path, holder, options, nesting)) return new HeldLock(path, own.token, options);
    }
    throw new DirectoryInUse(`${path} keeps changing hands; several processes are starting on this directory`);
  } finally {
    await unlink(draft).catch(() => {});
  }
}

type Holder = ProcessIdentity | "unreadable" | "gone";

class HeldLock implements DirectoryLock {
  readonly #path: string;
  readonly #token: string;
  readonly #heartbeat: ReturnType<typeof setInterval>;

  constructor(path: string, token: string, options: LockFileOptions) {
    this.#path = path;
    this.#token = token;
    const beat = (): void => {
      // A full or read-only disk must not end the process here; the writes themselves report it.
      utimes(path, new Date(), new Date()).catch(() => {});
    };
    this.#heartbeat = setInterval(beat, options.heartbeatMs);
    this.#heartbeat.unref();
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat);
    const holder = await readHolder(this.#path);
    if (typeof holder === "object" && holder.token === this.#token) await unlink(this.#path).catch(() => {});
  }
}

/** Replaces the lock of a dead holder. `false`: somebody else was faster. */
async function takeOver(
  draft: string,
  path: string,
  dead: Holder,
  options: LockFileOptions,
  nesting: number,
): Promise<boolean> {
  if (nesting >= NESTING_MAX) throw inUse(path, dead);
  const guard = await acquireLockFile(`${path}.takeover`, options, nesting + 1);
  try {
    const holder = await readHolder(path);
    if (holder === "gone" || !sameHolder(holder, dead)) return false;
    await rename(draft, path);
    return true;
  } finally {
    await guard.release();
  }
}

async function writeDraft(draft: string, own: ProcessIdentity): Promise<void> {
  const file = await open(draft, "wx", 0o640);
  try {
    await file.writeFile(`${JSON.stringify(own)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A link appears whole or not at all, and only if there was none. */
async function linkInto(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder> {
  try {
    const parsed = JSON.parse(await readFile(path, "utf8")) as Partial<ProcessIdentity> | null;
    const isWhole = typeof parsed?.token === "string" && typeof parsed.pid === "number";
    return isWhole ? (parsed as ProcessIdentity) : "unreadable";
  } catch (error) {
    return systemCode(error) === "ENOENT" ? "gone" : "unreadable";
  }
}

/** Whether anyone touches the file within the time of silence. */
async function beats(path: string, options: LockFileOptions): Promise<boolean> {
  const touched = async (): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.mtimeMs;
  const before = await touched();
  await new Promise((resolve) => {
    setTimeout(resolve, options.silenceMs);
  });
  const after = await touched();
  return before !== undefined && after !== undefined && after !== before;
}

function sameHolder(a: Holder, b: Holder): boolean {
  return typeof a === "object" && typeof b === "object" ? a.token === b.token : a === b;
}

function inUse(path: string, holder: Holder): DirectoryInUse {
  const who = typeof holder === "object" ? `process ${holder.pid} on ${holder.host}` : "another process";
  return new DirectoryInUse(`${who} uses this directory (${path}); stop it, or choose another directory`);
}
