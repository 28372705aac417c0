import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { openLocalLogEngine } from "@tidewire/log-engine-local";

const cli = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const game = { space: "board-game", key: "g1" };
let folder: string;
let store: string;

const log = (...args: string[]) => spawnSync(process.execPath, [cli, "log", ...args], { encoding: "utf8" });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tidewire-cli-log-"));
  store = join(folder, "store");
  const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics };
  const engine = await openLocalLogEngine({ directory: store }, modules);
  const { epoch } = await engine.open(game, "host-a");
  for (let seq = 1; seq <= 3; seq++) {
    await engine.append(game, { epoch, expectedSeq: seq - 1, seq, data: Buffer.from(`patch ${seq}`) });
  }
  await engine.open({ space: "board-game", key: "g2" }, "host-a");
  await engine.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("tidewire log fsck", () => {
  test("reads a sound log and says so", () => {
    const { status, stdout } = log("fsck", store);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^2 documents, 0 of them deleted\n3 records .*, in \d+\.\d s\nno problems\n$/);
    const report = JSON.parse(log("fsck", store, "--json").stdout) as object;
    expect(report).toMatchObject({ documents: 2, records: 3, problems: [] });
  });

  test("names the document of a damaged record, with exit code 1", () => {
    const segments = join(store, "log");
    const file = join(segments, readdirSync(segments)[0]!);
    const sound = readFileSync(file);
    const damaged = Buffer.from(sound);
    damaged[sound.indexOf("patch 2") + 6] = 0x39;
    writeFileSync(file, damaged);
    const { status, stdout } = log("fsck", store);
    writeFileSync(file, sound);
    expect(status).toBe(1);
    expect(stdout).toMatch(/damaged_record of board-game\/g1: .*seq 2 is damaged .*\n.*\n2 problems\n$/);
  });

  test("of what is no log is one line that says so", () => {
    const { status, stdout, stderr } = log("fsck", join(folder, "nothing"));
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^tidewire log fsck: there is no log in .*\n$/);
  });
});

describe("a command that is used wrongly", () => {
  test.each([[["log", "fsck"]], [["log", "migrate", "--bogus"]], [["restore", "directory"]], [["nonsense"]]])(
    "ends %j with exit code 2, which no answer has",
    (args) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^error: .*\n$/);
    },
  );

  test("says with exit code 0 how it is used, if it is asked", () => {
    expect(log("fsck", "--help").status).toBe(0);
    expect(spawnSync(process.execPath, [cli, "--version"], { encoding: "utf8" }).status).toBe(0);
  });
});

describe("tidewire log dump", () => {
  test("prints the records, of one document if asked, with their bytes if asked", () => {
    const all = log("dump", store).stdout.trim().split("\n");
    expect(all.length).toBeGreaterThan(6);
    const args = ["dump", store, "--document", "board-game/g1", "--data", "--json"];
    const records = log(...args)
      .stdout.trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; data?: string });
    const patches = records.filter(({ type }) => type === "patch").map(({ data }) => Buffer.from(data!, "base64"));
    expect(patches.map(String)).toEqual(["patch 1", "patch 2", "patch 3"]);
    expect(log(...args).stdout).not.toContain("g2");
  });

  test("says with exit code 1 that there is nothing of a document", () => {
    const { status, stdout, stderr } = log("dump", store, "--document", "board-game/nobody");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/holds no record of board-game\/nobody\n$/);
  });

  test("refuses a name that is none, with exit code 2 and the reason", () => {
    const { status, stderr } = log("dump", store, "--document", "board-game");
    expect(status).toBe(2);
    expect(stderr).toMatch(/must be space\/key/);
  });
});

describe("a command whose output nobody takes", () => {
  const inShell = (script: string) =>
    spawnSync("bash", ["-c", `set -o pipefail; ${script}`, "bash", process.execPath, cli, store], { encoding: "utf8" });

  test("ends quietly when the pipe is closed, with the exit code of SIGPIPE", () => {
    const { status, stderr } = inShell('"$1" "$2" log dump "$3" --json | true');
    expect({ status, stderr }).toEqual({ status: 141, stderr: "" });
    expect(log("fsck", store).status).toBe(0);
  });

  test("says in one line that the disk it is written to is full", () => {
    for (const command of ["dump", "fsck"]) {
      const { status, stderr } = inShell(`"$1" "$2" log ${command} "$3" > /dev/full`);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^tidewire log \w+: cannot write the output: ENOSPC.*\n$/);
    }
  });
});

test("every command has a help", () => {
  for (const command of ["migrate", "unseal", "show", "fsck", "dump"]) {
    const { status, stdout } = log(command, "--help");
    expect([status, stdout.startsWith(`Usage: tidewire log ${command}`)]).toEqual([0, true]);
    expect(stdout).toContain(command === "show" || command === "dump" ? "--data" : "--json");
  }
});
