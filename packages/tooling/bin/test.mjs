#!/usr/bin/env node
// Runs Jest in ESM mode in the current package. Jest still needs the VM modules flag on the command line of Node.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const jest = createRequire(import.meta.url).resolve("jest/bin/jest");
const args = ["--experimental-vm-modules", "--no-warnings=ExperimentalWarning", jest, ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
