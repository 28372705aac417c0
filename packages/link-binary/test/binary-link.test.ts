import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkHarness, socketHarness, testLinkCompliance } from "@tidewire/link/compliance";
import { createBinaryLinkTransport } from "../src/index.ts";

async function binaryHarness(): Promise<LinkHarness> {
  const clock = new SystemClock();
  const modules = { clock, random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const sharedKey = "a key for tests only";
  return socketHarness({
    clock,
    transport: (nodeId, role) => createBinaryLinkTransport({ nodeId, role, sharedKey }, modules),
  });
}

testLinkCompliance({ name: "binary", create: binaryHarness });
