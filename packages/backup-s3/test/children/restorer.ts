import { restoreDirectory, S3Client, type S3Settings } from "../../src/index.ts";
import { modules } from "../support/s3-servers.ts";
import { readerOf } from "../support/test-store.ts";

/** Restores the newest manifest into a folder, and prints what came of it. */
const [settings, directory] = process.argv.slice(2) as [string, string];
const alive = setInterval(() => {}, 60_000);
const reader = await readerOf(new S3Client(JSON.parse(settings) as S3Settings, modules));
const outcome = await restoreDirectory(reader, await reader.choose({}), directory, { acceptsLoss: false }).then(
  ({ documents }) => ({ documents }),
  (error: NodeJS.ErrnoException) => ({ code: error.code }),
);
console.log(JSON.stringify(outcome));
clearInterval(alive);
