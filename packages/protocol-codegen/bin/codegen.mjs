#!/usr/bin/env node
// Stands in the repository, because npm makes no command of a file that is only there after the build.
import { existsSync } from "node:fs";

const program = new URL("../dist/main.js", import.meta.url);
if (!existsSync(program)) {
  console.error("codegen is not built yet: npm run build -w packages/protocol-codegen does that, in the checkout");
  process.exit(1);
}
await import(program.href);
