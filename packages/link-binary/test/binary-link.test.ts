import { type MetricsSink, noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkHarness, socketHarness, testLinkCompliance, testLinkFailures } from "@tidewire/link/compliance";
import { createBinaryLinkTransport } from "../src/index.ts";

function binaryHarness(metrics: MetricsSink = noMetrics): LinkHarness {
  const clock = new SystemClock();
  const modules = { clock, random: new SystemRandom(), logger: noLogger, metrics };
  const sharedKey = "a key for tests only";
  return socketHarness({
    clock,
    transport: (nodeId, role) => createBinaryLinkTransport({ nodeId, role, sharedKey }, modules),
  });
}

testLinkCompliance({ name: "binary", create: () => Promise.resolve(binaryHarness()) });
testLinkFailures({ name: "binary", create: binaryHarness });
