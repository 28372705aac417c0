#!/usr/bin/env node
// Stands in the repository, because npm makes no command of a file that is only there after the build.
import { existsSync } from "node:fs";

const program = new URL("../dist/main.js", import.meta.url);
if (!existsSync(program)) {
  console.error("tidewire is not built yet: npm start does that, or npm run build");
  process.exit(1);
}
await import(program.href);
