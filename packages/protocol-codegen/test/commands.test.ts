import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, jest, test } from "@jest/globals";
import { type Codec, Reader, type UnaryMethod, Writer } from "@tidewire/wire";
import { runCodegen } from "../src/index.ts";
import { definitionsFolder, packagesFolder } from "./support/codec-module.ts";
import { fixturesFolder } from "./support/protocols.ts";

// Each command starts the schema validator anew, which takes a second on a busy machine.
jest.setTimeout(60_000);

class Lines {
  readonly out: string[] = [];
  readonly err: string[] = [];
  log(line: string): void {
    this.out.push(line);
  }
  error(line: string): void {
    this.err.push(line);
  }
}

async function run(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const lines = new Lines();
  const exitCode = await runCodegen(args, lines);
  return { exitCode, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

/** A project outside this repository. */
function project(): { definitions: string; out: string; output: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-project-"));
  const out = join(folder, "generated");
  const wire = join(packagesFolder, "wire", "src", "index.ts");
  return { definitions: join(folder, "definitions"), out, output: ["--out", out, "--wire", wire] };
}

/** Everything that a careful project may ask of what it compiles. */
const strictest = {
  compilerOptions: {
    target: "es2023",
    module: "nodenext",
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    noImplicitReturns: true,
    noFallthroughCasesInSwitch: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    isolatedModules: true,
    allowImportingTsExtensions: true,
    types: ["node"],
    typeRoots: [join(packagesFolder, "..", "node_modules", "@types")],
  },
  include: ["generated"],
};

describe("outside this repository", () => {
  test("init, generate and check give working code", async () => {
    const { definitions, out, output } = project();
    expect(await run("init", definitions)).toMatchObject({ exitCode: 0, err: "" });
    expect(await run("check", definitions, ...output)).toMatchObject({ exitCode: 1 });
    expect(await run("generate", definitions, ...output)).toMatchObject({ exitCode: 0, err: "" });
    expect(await run("check", definitions, ...output)).toMatchObject({
      exitCode: 0,
      out: "9 generated files are up to date",
    });
    expect(readdirSync(out)).toContain("chat.proto");

    const module = (await import(pathToFileURL(join(out, "chat-service.ts")).href)) as {
      ChatService: { methods: { history: UnaryMethod<unknown, unknown> } };
    };
    const codec: Codec<unknown> = module.ChatService.methods.history.response;
    const writer = new Writer();
    const response = { lines: [{ number: 1, sentAt: 0.5, from: "ada", text: "hello" }] };
    codec.encode(writer, response);
    expect(codec.decode(new Reader(writer.written()))).toEqual(response);
  });

  test("code that carries its runtime along needs none of our packages", async () => {
    const { definitions, out } = project();
    expect(await run("init", definitions)).toMatchObject({ exitCode: 0 });
    rmSync(join(definitions, "errors.xml"));
    for (const name of ["client.xml", "errors.xml"])
      copyFileSync(join(definitionsFolder, name), join(definitions, name));
    copyFileSync(join(fixturesFolder, "strange", "api.xml"), join(definitions, "strange.xml"));
    expect(await run("generate", definitions, "--standalone")).toMatchObject({ exitCode: 0, err: "" });
    expect(await run("check", definitions, "--standalone")).toMatchObject({ exitCode: 0, err: "" });

    const sources = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const imports = sources.flatMap((name) => [...readFileSync(join(out, name), "utf8").matchAll(/ from "([^"]+)"/g)]);
    expect(imports.length).toBeGreaterThan(20);
    expect(imports.map(([, module]) => module).filter((module) => !module!.startsWith("."))).toEqual([]);

    writeFileSync(join(out, "..", "package.json"), '{ "type": "module" }');
    writeFileSync(join(out, "..", "tsconfig.json"), JSON.stringify(strictest));
    const tsc = spawnSync(join(packagesFolder, "..", "node_modules", ".bin", "tsc"), ["-p", join(out, "..")]);
    expect({ output: String(tsc.stdout), status: tsc.status }).toEqual({ output: "", status: 0 });

    const wire = (await import(pathToFileURL(join(out, "runtime/wire/index.ts")).href)) as Readonly<{
      Reader: typeof Reader;
      Writer: typeof Writer;
    }>;
    const codecs = (await import(pathToFileURL(join(out, "chat-codecs.ts")).href)) as {
      SayCodec: Codec<{ text: string }>;
    };
    const writer = new wire.Writer();
    codecs.SayCodec.encode(writer, { text: "hello" });
    expect(codecs.SayCodec.decode(new wire.Reader(writer.written()))).toEqual({ text: "hello" });
  });

  test("init leaves alone what is there", async () => {
    const { definitions } = project();
    await run("init", definitions);
    const path = join(definitions, "chat.xml");
    writeFileSync(path, "mine");
    expect((await run("init", definitions)).out).toContain(`kept ${path}`);
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  test("check tells what is stale, unsound or incompatible", async () => {
    const { definitions, out, output } = project();
    await run("init", definitions);
    await run("generate", definitions, ...output);
    const path = join(definitions, "chat.xml");
    const released = readFileSync(path, "utf8");
    expect(await run("release", definitions)).toMatchObject({
      exitCode: 0,
      out: "released chat.xml\nreleased errors.xml",
    });

    writeFileSync(join(out, "chat-types.ts"), "// edited by hand\n");
    const stale = await run("check", definitions, ...output);
    expect(stale).toMatchObject({ exitCode: 1 });
    expect(stale.err).toContain("chat-types.ts: is not what the definitions give");

    writeFileSync(path, released.replace('maxLength="64"', 'maxlength="64"'));
    expect(await run("generate", definitions, ...output)).toMatchObject({
      exitCode: 1,
      err: 'chat.xml:10: field "room": attribute maxlength is unknown. Did you mean maxLength? Otherwise remove it.',
    });

    writeFileSync(path, released.replace('name="limit" type="u16"', 'name="limit" type="u32"'));
    const incompatible = await run("check", definitions, ...output);
    expect(incompatible).toMatchObject({ exitCode: 1 });
    expect(incompatible.err).toContain('chat.xml:32: field "HistoryRequest.limit": type changed from u16 to u32');
    expect(await run("release", definitions)).toMatchObject({ exitCode: 1 });
    expect(await run("release", definitions, "--force")).toMatchObject({ exitCode: 0 });
  });
});

describe("files that nothing gives any more", () => {
  test("are named by check and left by generate, and what others wrote is neither", async () => {
    const { definitions, out, output } = project();
    await run("init", definitions);
    await run("generate", definitions, ...output);
    writeFileSync(join(out, "mine.ts"), "export {};\n");
    const path = join(definitions, "chat.xml");
    writeFileSync(path, readFileSync(path, "utf8").replace('name="chat"', 'name="talk"'));
    const orphans = ["chat-codecs.ts", "chat-service.ts", "chat-stubs.ts", "chat-types.ts", "chat.golden.json"];
    const expected = [...orphans, "chat.md", "chat.proto"].map(
      (name) => `${join(out, name)}: was generated, and nothing gives it any more. Delete it.`,
    );
    const written = await run("generate", definitions, ...output);
    expect(written.out.split("\n").filter((line) => !line.startsWith("wrote "))).toEqual(expected);
    expect(await run("check", definitions, ...output)).toMatchObject({ exitCode: 1, err: expected.join("\n") });
    for (const line of expected) rmSync(line.split(": ", 1)[0]!);
    expect(await run("check", definitions, ...output)).toMatchObject({ exitCode: 0, err: "" });
    expect(readdirSync(out)).toContain("mine.ts");
  });

  test("are found in packages that no definition names any more, and in the runtime", async () => {
    const { definitions } = project();
    await run("init", definitions);
    const packages = join(definitions, "..", "packages");
    await run("generate", definitions, "--packages", packages);
    await run("generate", definitions, "--standalone");
    const path = join(definitions, "chat.xml");
    writeFileSync(path, readFileSync(path, "utf8").replace('package="chat"', 'package="talk"'));
    await run("generate", definitions, "--packages", packages);
    const { err } = await run("check", definitions, "--packages", packages);
    expect(err).toContain(`${join(packages, "chat", "src", "generated", "chat-types.ts")}: was generated`);
    expect(err).toContain(`${join("runtime", "wire", "reader.ts")}: was generated`);
  });
});

describe("the command line", () => {
  test("has help", async () => {
    const { exitCode, out } = await run("--help");
    expect(exitCode).toBe(0);
    for (const command of ["init", "generate", "check", "release"]) expect(out).toContain(command);
  });

  test("tells of a folder that is not there, or empty, without a stack", async () => {
    const missing = await run("generate", join(tmpdir(), "tidewire-nowhere"), "--out", "x");
    expect(missing).toMatchObject({ exitCode: 1 });
    expect(missing.err).toContain("cannot be read (ENOENT");
    const empty = await run("check", mkdtempSync(join(tmpdir(), "tidewire-empty-")), "--out", "x");
    expect(empty).toMatchObject({ exitCode: 1 });
    expect(empty.err).toContain("has no definitions");
  });

  test("refuses what it does not know", async () => {
    expect(await run("genarate", "x")).toMatchObject({ exitCode: 1 });
    expect((await run("generate", "x", "--colour")).err).toContain("--colour");
  });
});

test("the command is there before a build, and says what to do", () => {
  const { bin } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "tidewire-checkout-"));
  mkdirSync(join(folder, "bin"));
  copyFileSync(new URL(`../${bin.codegen}`, import.meta.url), join(folder, "bin", "codegen.mjs"));
  const unbuilt = spawnSync(process.execPath, [join(folder, "bin", "codegen.mjs"), "--help"], { encoding: "utf8" });
  expect([unbuilt.status, unbuilt.stderr]).toEqual([1, expect.stringContaining("npm run build")]);
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist", "main.js"), "console.log(process.argv[2])");
  const built = spawnSync(process.execPath, [join(folder, "bin", "codegen.mjs"), "check"], { encoding: "utf8" });
  expect([built.status, built.stdout, bin.codegen]).toEqual([0, "check\n", expect.stringMatching(/^\.\/bin\//)]);
  rmSync(folder, { recursive: true });
});
