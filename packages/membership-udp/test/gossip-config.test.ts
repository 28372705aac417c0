import { describe, expect, test } from "@jest/globals";
import { DEVELOPMENT_KEY } from "@tidewire/service";
import { gossipConfigSchema, gossipSettings } from "../src/gossip-config.ts";
import { resolveSeeds } from "../src/seed-resolver.ts";

const facts = {
  nodeId: "host-1",
  role: "document-host",
  zone: "a",
  linkAddress: "10.0.0.1:7100",
  sharedKey: DEVELOPMENT_KEY,
};
const settingsOf = (config: object, overrides: Partial<typeof facts> = {}) =>
  gossipSettings(gossipConfigSchema.parse(config), { ...facts, ...overrides });

describe("the gossip section", () => {
  test("needs nothing on loopback", () => {
    const settings = settingsOf({});
    expect(settings).toMatchObject({
      nodeId: "host-1",
      role: "document-host",
      bind: "127.0.0.1:0",
      seeds: [],
      label: "development",
      profile: "lan",
      meta: { linkAddress: "10.0.0.1:7100", zone: "a", weight: 1 },
    });
    expect(settings.keys[0]).toHaveLength(32);
    expect(settingsOf({}, { sharedKey: "another secret of the fleet" }).keys).not.toEqual(settings.keys);
  });

  test.each([
    ["a label", { bind: "0.0.0.0:7946", key: Buffer.alloc(32).toString("base64") }],
    ["a real key", { bind: "0.0.0.0:7946", label: "prod" }],
    ["keys of 32 bytes", { key: "c2hvcnQ=" }],
    ["keys that are all of 32 bytes", { key: `${Buffer.alloc(32).toString("base64")},` }],
  ])("needs %s elsewhere", (_what, config) => {
    expect(() => settingsOf(config)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  test("takes several keys, durations and a weight", () => {
    const keys = [1, 2].map((fill) => Buffer.alloc(32, fill));
    const settings = settingsOf({
      bind: "0.0.0.0:7946",
      label: "prod",
      key: keys.map((key) => key.toString("base64")).join(", "),
      joinHold: "3s",
      weight: 4,
      bootstrapNode: "host-1",
    });
    expect(settings.keys.map((key) => Buffer.from(key))).toEqual(keys);
    expect(settings).toMatchObject({ overrides: { joinHoldMs: 3_000 }, meta: { weight: 4 }, allowBootstrap: true });
  });

  test.each([{ weight: 0 }, { weight: 17 }, { seeds: ["host"] }, { bind: "host" }, { unknown: 1 }])(
    "refuses %j",
    (config) => {
      expect(gossipConfigSchema.safeParse(config).success).toBe(false);
    },
  );
});

describe("the member that may begin a group", () => {
  test("is the first of the seeds, a routing table without any, or the one that is named", () => {
    const seeds = ["10.0.0.1:7946"];
    expect(settingsOf({ seeds }).allowBootstrap).toBeUndefined();
    expect(settingsOf({}).allowBootstrap).toBe(false);
    expect(settingsOf({}, { role: "routing-table" }).allowBootstrap).toBe(true);
    expect(settingsOf({ seeds, bootstrapNode: "host-2" }).allowBootstrap).toBe(false);
    expect(settingsOf({ seeds, bootstrapNode: "host-1" }).allowBootstrap).toBe(true);
  });
});

describe("seeds", () => {
  test("are looked up, once each; names that are unknown are left out", async () => {
    const seeds = ["127.0.0.1:5", "localhost:5", "127.0.0.1:6", "no-such-name.invalid:7"];
    expect(await resolveSeeds(seeds, 4)).toEqual(["127.0.0.1:5", "127.0.0.1:6"]);
  });
});
