import { ManualClock } from "@tidewire/foundation";
import { type LinkHarness, testLinkCompliance } from "../src/compliance/compliance.ts";
import { settledUnder } from "../src/compliance/harness.ts";
import { MemoryLinkNetwork } from "../src/index.ts";

/** Far more virtual time than any test of the suite takes. */
const PATIENCE_MS = 120_000;

function memoryHarness(latencyMs: number): LinkHarness {
  const clock = new ManualClock();
  const network = new MemoryLinkNetwork({ clock }, { latencyMs: () => latencyMs, deadAfterMs: 1e9 });
  return {
    serving: network.node("server", "document-host"),
    dialling: network.node("client", "edge-proxy"),
    otherDialling: network.node("other", "edge-proxy"),
    listenAddress: "memory:0",
    clock,
    reach: (listener) => Promise.resolve(listener.address),
    stall: () => network.cut("client", "server"),
    resume: () => network.heal("client", "server"),
    sever: () => network.sever("client", "server"),
    until: (promise) => settledUnder(clock, promise, PATIENCE_MS),
    elapse: (ms) => clock.advanceAsync(ms),
    close: () => Promise.resolve(),
  };
}

testLinkCompliance({ name: "memory", create: () => Promise.resolve(memoryHarness(0)) });
testLinkCompliance({ name: "distant memory", create: () => Promise.resolve(memoryHarness(5)) });
