import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { duration, hostPort, loadConfig, z } from "../src/index.ts";

const schema = z.strictObject({
  edge: z
    .strictObject({
      listen: hostPort().default("127.0.0.1:8080").describe("public address"),
      allowDevOnPublicAddress: z.boolean().default(false),
      origins: z.array(z.string()).default([]),
      streamsMax: z.number().int().min(1).default(64),
      idle: duration().default(10_000),
    })
    .prefault({}),
  link: z.strictObject({ kind: z.enum(["binary", "grpc"]).default("binary") }).prefault({}),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidewire-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (args: string[] = [], env: Record<string, string> = {}) =>
  loadConfig(schema, { args, env, envAliases: { LINK: "link.kind" }, ignoredEnvPrefixes: ["TIDEWIRE_TEST_"] }).config;

describe("loadConfig", () => {
  test("defaults stand by themselves", () => {
    expect(load()).toEqual({
      edge: { listen: "127.0.0.1:8080", allowDevOnPublicAddress: false, origins: [], streamsMax: 64, idle: 10_000 },
      link: { kind: "binary" },
    });
  });

  test("flag wins over environment, environment over file", () => {
    const file = join(folder, "a.yaml");
    writeFileSync(file, "edge:\n  streamsMax: 1\n  listen: 127.0.0.1:1\n  idle: 5s\n");
    const env = { TIDEWIRE_EDGE_STREAMS_MAX: "2", TIDEWIRE_EDGE_LISTEN: "127.0.0.1:2", TIDEWIRE_CONFIG: file };
    expect(load(["--edge.streamsMax", "3"], env).edge).toMatchObject({
      streamsMax: 3,
      listen: "127.0.0.1:2",
      idle: 5_000,
    });
  });

  test("lists, booleans, durations and aliases from text", () => {
    const config = load(["--edge.origins=https://a.example, https://b.example", "--edge.idle", "2m"], {
      TIDEWIRE_EDGE_ALLOW_DEV_ON_PUBLIC_ADDRESS: "true",
      TIDEWIRE_TEST_LONG: "1",
      LINK: "grpc",
    });
    expect(config.edge.origins).toEqual(["https://a.example", "https://b.example"]);
    expect(config.edge.idle).toBe(120_000);
    expect(config.edge.allowDevOnPublicAddress).toBe(true);
    expect(config.link.kind).toBe("grpc");
  });

  test("a JSON file does as well", () => {
    const file = join(folder, "b.json");
    writeFileSync(file, JSON.stringify({ link: { kind: "grpc" } }));
    expect(load(["--config", file]).link.kind).toBe("grpc");
  });

  test.each([
    ["an unknown flag", ["--edge.lisen", "x"], {}, /unknown argument --edge\.lisen/],
    [
      "an unknown variable",
      [],
      { TIDEWIRE_EDGE_LISTEN_ON: "x" },
      /unknown environment variable TIDEWIRE_EDGE_LISTEN_ON/,
    ],
    ["a flag without a value", ["--edge.listen"], {}, /needs a value/],
    ["no address", ["--edge.listen", "8080"], {}, /edge\.listen: must be host:port/],
    ["no number", ["--edge.streamsMax", "many"], {}, /edge\.streamsMax/],
    ["a number out of bounds", ["--edge.streamsMax", "0"], {}, /edge\.streamsMax/],
    ["no duration", ["--edge.idle", "soon"], {}, /"soon" is no duration/],
    ["an unknown choice", [], { LINK: "smoke" }, /link\.kind/],
    ["a missing file", ["--config", "/nowhere/c.yaml"], {}, /cannot read the configuration file/],
  ])("refuses %s and says which", (_what, args, env, message) => {
    expect(() => load(args, env as Record<string, string>)).toThrow(
      expect.objectContaining({ name: "StartError", exitCode: 2, message: expect.stringMatching(message) }),
    );
  });

  test("refuses unknown keys in a file, also __proto__", () => {
    const file = join(folder, "c.yaml");
    writeFileSync(file, "edge:\n  lisen: 127.0.0.1:1\n");
    expect(() => load(["--config", file])).toThrow(/lisen/);
    writeFileSync(file, '{"__proto__": {"polluted": true}}');
    expect(() => load(["--config", file])).toThrow();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("help is answered although the rest is wrong", () => {
    const loaded = loadConfig(schema, { args: ["--help", "--edge.listen", "nonsense"], env: {} });
    expect(loaded.requests.has("--help")).toBe(true);
    expect(loaded.fields.map((field) => field.env)).toContain("TIDEWIRE_EDGE_STREAMS_MAX");
  });
});
