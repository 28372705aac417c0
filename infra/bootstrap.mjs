// The entry of `npm start`, `npm test` and `npm run bench` on a machine that has nothing but Node and npm. Uses no
// package, because none is installed when it starts.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installTestServers } from "./test-servers.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MINIMUM = [20, 19];

const [command, ...rest] = process.argv.slice(2);
checkNode();
const commands = { start, test, bench, servers };
if (!Object.hasOwn(commands, command ?? "")) {
  fail("usage: node infra/bootstrap.mjs start|test|bench|servers [arguments]", 2);
}
if (command !== "servers") install();
commands[command](rest);

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return;
  fail(
    `Tidewire needs Node ${MINIMUM.join(".")} or newer; this is ${process.versions.node}. Install a newer Node and try again.`,
  );
}

/**
 * Installs what the lock file says, unless that was done since the lock file last changed. Not `npm ci`: that refuses a
 * lock file which lacks the binaries of other platforms, as it does where a registry mirror does not carry them all.
 */
function install() {
  const stamp = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs) return;
  say("installing packages");
  // npm says nothing while it tries again and again: for a fresh machine without network that is minutes of silence.
  const ping = spawnSync("npm", ["ping", "--fetch-retries=0", "--fetch-timeout=10000"], {
    stdio: "ignore",
    shell: process.platform === "win32",
  });
  if (ping.status !== 0) {
    say("the registry of npm does not answer; if there is no network, npm gives up after some minutes, Ctrl-C at once");
  }
  run("npm", ["install", "--no-save", "--no-audit", "--no-fund"], "packages could not be installed; see above");
}

function start(args) {
  say("building");
  turbo(["run", "build", "--output-logs=errors-only"], "the build failed; see above");
  // The terminal sends Ctrl-C to the whole group: the supervisor below handles it, this process only waits.
  process.on("SIGINT", () => {});
  const result = spawnSync(process.execPath, [join(root, "apps/cli/dist/main.js"), "up", ...args], {
    stdio: "inherit",
  });
  process.exit(result.status ?? 1);
}

function bench(args) {
  turbo(["run", "build", "--output-logs=errors-only"], "the build failed; see above");
  const result = spawnSync(process.execPath, [join(root, "packages/benchmarks/dist/main.js"), ...args], {
    stdio: "inherit",
  });
  process.exit(result.status ?? 1);
}

/** What tests run against and npm does not bring. */
function servers() {
  installTestServers(say);
}

/** Every check there is; the first failing step ends the run. `npm test -- --filter=@tidewire/delta` narrows the tests. */
function test(args) {
  servers();
  const counts = join(root, "packages/tooling/.cache/test-counts");
  rmSync(counts, { recursive: true, force: true });
  step("format and imports", () => bin("biome", ["ci", "--reporter=summary", "."]));
  step("lint", () => bin("oxlint", ["--type-aware", "--deny-warnings"]));
  step("layers", () => bin("turbo", ["boundaries"]));
  step("unused code", () => bin("knip", ["--no-config-hints"]));
  step("build", () => bin("turbo", ["run", "build", "--output-logs=errors-only"]));
  step("types", () => bin("turbo", ["run", "typecheck", "--output-logs=errors-only"]));
  step("generated code", () => bin("turbo", ["run", "codegen:check", "--output-logs=errors-only"]));
  // Packages side by side; then what measures time or starts whole clusters, alone.
  step("tests", () => bin("turbo", ["run", "test", "--concurrency=2", "--output-logs=new-only", ...args]));
  step("system tests", () =>
    bin("turbo", ["run", "test:system", "--concurrency=1", "--output-logs=new-only", ...args]),
  );
  say(`all steps done in ${Math.round(performance.now() / 1000)} s`);
  console.log(closingLine(counts));
}

function closingLine(folder) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    const counts = JSON.parse(readFileSync(join(folder, file), "utf8"));
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  if (total.passed === 0) fail("no test ran");
  return `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`;
}

function step(name, work) {
  const startedAt = performance.now();
  say(name);
  work();
  say(`${name}: ok (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
}

function turbo(args, message) {
  bin("turbo", args, message);
}

function bin(name, args, message = `${name} found problems; see above`) {
  run(join(root, "node_modules/.bin", name), args, message);
}

function run(program, args, message) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };
  const result = spawnSync(program, args, { cwd: root, stdio: "inherit", env, shell: process.platform === "win32" });
  if (result.error) fail(`${program} cannot be run: ${result.error.message}`);
  if (result.status !== 0) fail(message, result.status ?? 1);
}

function say(text) {
  console.log(`> ${text}`);
}

function fail(text, status = 1) {
  console.error(text);
  process.exit(status);
}
