#!/usr/bin/env node
import { runCodegen } from "./cli/commands.ts";

process.exitCode = await runCodegen(process.argv.slice(2), console);
