import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { HostService } from "@tidewire/protocol-host";
import { Cluster, freeAddress, type HostProcess, until } from "./cluster.ts";

jest.setTimeout(60_000);

const { methods } = HostService;
const principal = { agent: "alice", authority: "dev" };

/** A bundle as a build makes it, by hand: what it leaves behind is found by nobody when it fails. */
const bundle = `
const message = (handler) => ({ [Symbol.for("tidewire.message")]: 1, handler });
const fails = () => { throw new Error("left behind"); };
export const leaky = {
  [Symbol.for("tidewire.document")]: 1,
  space: "leaky", version: 1, stateFields: {}, computed: {}, views: {}, access: {}, createsOnDemand: true, timers: {},
  migrate: {},
  messages: {
    promise: message(() => { void (async () => fails())(); }),
    later: message(() => { void Promise.resolve().then(fails); }),
    word: message(() => { void Promise.reject("left behind"); }),
    timer: message(() => { setTimeout(fails, 1); }),
    still: message(() => "here"),
  },
};
`;

let cluster: Cluster;
let host: HostProcess;

beforeAll(async () => {
  cluster = new Cluster();
  const documents = join(cluster.folder, "leaky.mjs");
  writeFileSync(documents, bundle);
  const log = await freeAddress();
  await cluster.startLog(log);
  host = await cluster.startHost("host-1", log, { documents });
});

afterAll(() => cluster.stop());

const send = (message: string) =>
  until(message, () =>
    host.peer.call(
      methods.send,
      { space: "leaky", key: "k", principal, message, tableVersion: 0 },
      { deadlineMs: 3_000 },
    ),
  );

test.each([["promise"], ["later"], ["word"], ["timer"]])(
  "what a handler leaves behind and nobody catches does not end the host: %s",
  async (name) => {
    const reported = () => host.output().split("of code run for others").length - 1;
    const before = reported();
    await send(name);
    await until("the report", async () => reported() > before || host.child.exitCode !== null || undefined);
    expect(host.child.exitCode).toBeNull();
    expect((await send("still")).value).toBe('"here"');
  },
);
