import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const cli = fileURLToPath(new URL("../dist/main.js", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidewire-up-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const up = (...args: string[]) =>
  spawnSync(process.execPath, [cli, "up", "--data", join(folder, "data"), ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });

describe("tidewire up", () => {
  test("a taken port is one line that says what to do", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    // Not spawnSync: the port has to stay taken, which this process does.
    const child = spawn(process.execPath, [cli, "up", "--data", join(folder, "data"), "--port", String(port)]);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(new RegExp(`port ${port} .*taken.*npm start -- --port`));
    server.close();
  }, 40_000);

  test("a data folder that cannot be one is one line that says what to do", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { status, stderr } = up("--port", "0", "--data", join(file, "below"));
    expect(status).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/cannot write to the data folder .*npm start -- --data FOLDER/);
  }, 40_000);

  test.each([
    [["--hosts", "0"], /whole number from 1 to 16/],
    [["--port", "70000"], /whole number from 0 to 65535/],
    [["--link", "smoke"], /Allowed choices are binary, grpc/],
    [["--colour"], /unknown option/],
  ])("%j is refused with what is allowed", (args, message) => {
    const { status, stderr } = up(...args);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(message);
  });

  test("a source that cannot be built is told with file and line", () => {
    const source = join(folder, "bad.ts");
    writeFileSync(source, "export const fine = 1;\nexport const = 2;\n");
    const { status, stderr } = up("--port", "0", "--documents", source);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tidewire up: the documents cannot be built\n.*bad\.ts:2:14: /);
    expect(stderr).not.toMatch(/\n\s+at /);
  }, 40_000);

  test("a process that cannot start ends the system with its own words", () => {
    const bundle = join(folder, "bad.js");
    writeFileSync(bundle, "export const nothing = 1;\n");
    const { status, stderr } = up("--port", "0", "--documents", bundle);
    expect(status).toBe(1);
    expect(stderr).toMatch(/bad\.js/);
    expect(stderr).not.toMatch(/\n\s+at /);
  }, 60_000);
});
