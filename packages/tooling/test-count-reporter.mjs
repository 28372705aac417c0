import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where every package leaves its test counts; `npm test` adds them up for its closing line. */
export const countsFolder = join(dirname(fileURLToPath(import.meta.url)), ".cache", "test-counts");

export default class TestCountReporter {
  #rootDir;

  constructor(globalConfig) {
    this.#rootDir = globalConfig.rootDir;
  }

  onRunComplete(_contexts, results) {
    mkdirSync(countsFolder, { recursive: true });
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    writeFileSync(join(countsFolder, `${basename(this.#rootDir)}.json`), JSON.stringify(counts));
  }
}
