import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RawClient, System } from "@tidewire/harness";

let system: System;
const kind = process.env["LINK"] ?? "binary";

beforeAll(async () => {
  system = await System.start({ hosts: 1 });
}, 90_000);
afterAll(() => system.stop(), 60_000);

describe("the link", () => {
  test(`is the one that was asked for (${kind}), on every process`, async () => {
    const client = await RawClient.as(system.socketUrl, "alice");
    await client.call("message/send", { space: "conformance", key: "k", message: "add", arg: { by: 1 } });
    for (const name of ["edge-proxy-1", "document-host-1", "log-storage-1", "routing-table-1"]) {
      const response = await fetch(`http://${system.process(name).admin}/metrics`);
      const metrics = await response.text();
      const used = ["binary", "grpc"].filter((link) => metrics.includes(`tidewire_link_${link}_`));
      expect([name, used]).toEqual([name, [kind]]);
    }
    await client.close();
  });
});
