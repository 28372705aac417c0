import { open, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LogShard } from "@tidewire/log-engine";
import { NodeFileSystem } from "@tidewire/log-engine-local";
import { StartError, z } from "@tidewire/service";
import type { LogSeal, StorageState } from "../storage-state.ts";

const contentSchema = z.strictObject({
  format: z.literal(1),
  shard: z.strictObject({ index: z.number().int().min(0), count: z.number().int().min(1) }),
  seal: z.strictObject({ isSealed: z.boolean(), movedTo: z.string() }),
});
type Content = z.output<typeof contentSchema>;

const NOT_SEALED: LogSeal = { isSealed: false, movedTo: "" };

/**
 * `SHARD.json` in the folder of the log: which shard of how many the log is, and whether it is sealed. Written before the
 * first record, replaced as a whole. A log without it is from before there were shards: it holds all documents.
 */
export class StateFile implements StorageState {
  readonly #path: string;
  #content: Content;

  private constructor(path: string, content: Content) {
    this.#path = path;
    this.#content = content;
  }

  /** Throws a `StartError` if the folder holds another shard than the one asked for. */
  static async open(directory: string, shard: LogShard): Promise<StateFile> {
    await new NodeFileSystem().makeDirectory(directory);
    const path = join(directory, "SHARD.json");
    const known = await readContent(path, directory);
    if (known !== undefined) {
      refuseOther(known.shard, shard, directory);
      return new StateFile(path, known);
    }
    const file = new StateFile(path, { format: 1, shard, seal: NOT_SEALED });
    await file.#write(file.#content);
    return file;
  }

  get shard(): LogShard {
    return this.#content.shard;
  }

  get seal(): LogSeal {
    return this.#content.seal;
  }

  async setSeal(seal: LogSeal): Promise<void> {
    const content = { ...this.#content, seal };
    await this.#write(content);
    this.#content = content;
  }

  async #write(content: Content): Promise<void> {
    const draft = `${this.#path}.draft`;
    const file = await open(draft, "w");
    try {
      await file.writeFile(`${JSON.stringify(content)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.#path);
    const folder = await open(dirname(this.#path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

async function readContent(path: string, directory: string): Promise<Content | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) {
    const isOld = await stat(join(directory, "STORE")).then(
      () => true,
      () => false,
    );
    return isOld ? { format: 1, shard: { index: 0, count: 1 }, seal: NOT_SEALED } : undefined;
  }
  try {
    return contentSchema.parse(JSON.parse(text));
  } catch {
    throw new StartError(
      `${path} is damaged: put {"format":1,"shard":{"index":I,"count":N},"seal":{"isSealed":false,"movedTo":""}} there, ` +
        "with the shard this folder was made for",
    );
  }
}

function refuseOther(known: LogShard, asked: LogShard, directory: string): void {
  if (known.index === asked.index && known.count === asked.count) return;
  const describe = ({ index, count }: LogShard): string => `shard ${index} of ${count}`;
  throw new StartError(
    `storage.directory ${directory} holds ${describe(known)} of the log, and the settings say ${describe(asked)}: start ` +
      "it as what it is. The number of shards is fixed when a log is made; to change it, start log storages with new " +
      "folders and run `tidewire log migrate --from OLD --to NEW`",
  );
}
