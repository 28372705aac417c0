import { readFile } from "node:fs/promises";
import type { S3Credentials } from "./s3-settings.ts";

/** Each part as it is, or the name of a file that holds it. */
export interface CredentialSources {
  readonly accessKeyId?: string | undefined;
  readonly accessKeyIdFile?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly secretAccessKeyFile?: string | undefined;
  readonly sessionToken?: string | undefined;
  readonly sessionTokenFile?: string | undefined;
}

/** Throws `RangeError`, with what to set, if a part is missing or its file cannot be read. */
export async function readCredentials(sources: CredentialSources): Promise<S3Credentials> {
  const accessKeyId = await valueOf(sources, "accessKeyId");
  const secretAccessKey = await valueOf(sources, "secretAccessKey");
  const sessionToken = await valueOf(sources, "sessionToken");
  if (accessKeyId === undefined) throw new RangeError("set s3.accessKeyId or s3.accessKeyIdFile");
  if (secretAccessKey === undefined) throw new RangeError("set s3.secretAccessKey or s3.secretAccessKeyFile");
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function valueOf(
  sources: CredentialSources,
  name: "accessKeyId" | "secretAccessKey" | "sessionToken",
): Promise<string | undefined> {
  const path = sources[`${name}File`];
  if (path === undefined) return sources[name];
  if (sources[name] !== undefined) throw new RangeError(`set s3.${name} or s3.${name}File, not both`);
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new RangeError(`cannot read s3.${name}File: ${error.message}`);
  });
  if (text.trim() === "") throw new RangeError(`s3.${name}File ${path} is empty`);
  return text.trim();
}
