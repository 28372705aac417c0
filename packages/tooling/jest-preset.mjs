import { fileURLToPath } from "node:url";

/**
 * The one Jest configuration of the repository: ESM, TypeScript through swc (types are checked by tsc, not here),
 * and the `source` export condition, so that a test always runs the sources of its sibling packages.
 */
export default {
  testMatch: ["<rootDir>/test/**/*.test.ts", "<rootDir>/test/**/*.test.tsx"],
  extensionsToTreatAsEsm: [".ts", ".tsx"],
  transform: {
    "\\.tsx?$": [
      "@swc/jest",
      {
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript", tsx: true },
          transform: { react: { runtime: "automatic" } },
        },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!@tidewire/)"],
  testEnvironmentOptions: { customExportConditions: ["source", "node", "node-addons"] },
  // Finds a test that hangs; five seconds, the default, also finds a busy machine.
  testTimeout: 30_000,
  reporters: ["default", fileURLToPath(new URL("./test-count-reporter.mjs", import.meta.url))],
};
