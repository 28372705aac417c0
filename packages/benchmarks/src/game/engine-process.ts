import { parseArgs } from "node:util";
import { EngineCost } from "./engine-cost.ts";

/** The cost of the engine, measured alone in this process: one entry per round, as JSON on standard output. */
const { values } = parseArgs({ options: { rounds: { type: "string" }, actions: { type: "string" } } });
const engine = new EngineCost();
const rounds = Array.from({ length: Number(values.rounds) }, (_, round) =>
  engine.measure(round + 1, Number(values.actions)),
);
process.stdout.write(JSON.stringify(rounds));
