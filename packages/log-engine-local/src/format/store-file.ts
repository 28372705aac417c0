import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { type FileSystem, readFully, replaceFile, systemCode } from "../files/file-system.ts";
import type { StoreLayout } from "./layout.ts";
import { FORMAT_VERSION } from "./segment-header.ts";
import { StoreFormatError } from "./store-format-error.ts";

/** What a data directory is: a line of text, for people and for the program. FORMAT.md section 1. */
export interface StoreIdentity {
  /** 16 bytes in hex. Part of the salt of every record. */
  readonly storeId: string;
}

const MAX_BYTES = 256;

/** `undefined` if there is none: the directory is new. */
export async function readStoreFile(fileSystem: FileSystem, layout: StoreLayout): Promise<StoreIdentity | undefined> {
  const text = await readText(fileSystem, layout.storeFile);
  if (text === undefined) return undefined;
  const [, body, format, storeId, crc] =
    /^(tidewire-log format (\d+) store ([0-9a-f]{32})) crc ([0-9a-f]{8})\n$/.exec(text) ?? [];
  if (body === undefined || storeId === undefined || hexCrc(body) !== crc) {
    throw new StoreFormatError(`${layout.storeFile} is damaged; restore it from a backup of this directory`);
  }
  if (Number(format) !== FORMAT_VERSION) {
    throw new StoreFormatError(
      `${layout.directory} has log format ${format}; this version reads ${FORMAT_VERSION}: use the version that wrote it`,
    );
  }
  return { storeId };
}

export async function createStoreFile(fileSystem: FileSystem, layout: StoreLayout): Promise<StoreIdentity> {
  const storeId = randomBytes(16).toString("hex");
  const body = `tidewire-log format ${FORMAT_VERSION} store ${storeId}`;
  const bytes = Buffer.from(`${body} crc ${hexCrc(body)}\n`);
  await replaceFile(fileSystem, { directory: layout.directory, path: layout.storeFile }, bytes);
  return { storeId };
}

async function readText(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  try {
    const file = await fileSystem.open(path);
    try {
      return (await readFully(file, 0, MAX_BYTES)).toString("latin1");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function hexCrc(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}
