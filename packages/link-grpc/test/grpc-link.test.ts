import { type MetricsSink, noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkHarness, socketHarness, testLinkCompliance, testLinkFailures } from "@tidewire/link/compliance";
import { createGrpcLinkTransport, type GrpcShape, type GrpcTuning } from "../src/index.ts";

interface HarnessSettings {
  readonly tuning?: GrpcTuning;
  readonly metrics?: MetricsSink;
}

function grpcHarness(shape: GrpcShape, { tuning, metrics = noMetrics }: HarnessSettings = {}): LinkHarness {
  const clock = new SystemClock();
  const modules = { clock, random: new SystemRandom(), logger: noLogger, metrics };
  const sharedKey = "a key for tests only";
  return socketHarness({
    clock,
    transport: (nodeId, role) =>
      createGrpcLinkTransport(
        { nodeId, role, sharedKey, shape, handshakeTimeoutMs: 30_000, ...(tuning === undefined ? {} : { tuning }) },
        modules,
      ),
    // gRPC and HTTP/2 finish in immediates of theirs; what is left of them when Jest takes the globals away never ends.
    async closed() {
      for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => void setImmediate(resolve));
    },
  });
}

// A gRPC stream of its own costs about half a millisecond to open and 45 KB on the serving side.
const streamsMany = Number(process.env["TIDEWIRE_TEST_GRPC_STREAMS"] ?? 500);

testLinkCompliance({ name: "gRPC, multiplexed,", create: () => Promise.resolve(grpcHarness("multiplexed")) });
testLinkCompliance({
  name: "gRPC, stream per document,",
  streamsMany,
  create: () => Promise.resolve(grpcHarness("stream-per-document")),
});
// grpc-js by its documentation sends one message for each turn of the event loop.
testLinkCompliance({
  name: "gRPC by its public options, multiplexed,",
  isOneByOne: true,
  streamsMany: 1_000,
  create: () => Promise.resolve(grpcHarness("multiplexed", { tuning: "public" })),
});
testLinkCompliance({
  name: "gRPC by its public options, stream per document,",
  isOneByOne: true,
  streamsMany: 200,
  create: () => Promise.resolve(grpcHarness("stream-per-document", { tuning: "public" })),
});
for (const shape of ["multiplexed", "stream-per-document"] as const) {
  testLinkFailures({ name: `gRPC, ${shape},`, create: (metrics) => grpcHarness(shape, { metrics }) });
}
