import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkHarness, StallingProxy, testLinkCompliance } from "@tidewire/link/compliance";
import { createGrpcLinkTransport, type GrpcShape, type GrpcTuning } from "../src/index.ts";

async function grpcHarness(shape: GrpcShape, tuning?: GrpcTuning): Promise<LinkHarness> {
  const clock = new SystemClock();
  const modules = { clock, random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const sharedKey = "a key for tests only";
  const transport = (nodeId: string, role: string) =>
    createGrpcLinkTransport(
      { nodeId, role, sharedKey, shape, handshakeTimeoutMs: 30_000, ...(tuning === undefined ? {} : { tuning }) },
      modules,
    );
  const proxies: StallingProxy[] = [];
  const closers: (() => Promise<void>)[] = [];
  const serving = transport("server", "document-host");
  return {
    serving: {
      ...serving,
      async listen(address, services) {
        const listener = await serving.listen(address, services);
        closers.push(() => listener.close());
        return listener;
      },
    },
    dialling: transport("client", "edge-proxy"),
    otherDialling: transport("other", "edge-proxy"),
    listenAddress: "127.0.0.1:0",
    clock,
    async reach(listener) {
      const proxy = await StallingProxy.to(listener.address);
      proxies.push(proxy);
      return proxy.address;
    },
    stall: () => proxies.forEach((proxy) => proxy.stall()),
    resume: () => proxies.forEach((proxy) => proxy.resume()),
    sever: () => proxies.forEach((proxy) => proxy.sever()),
    until: (promise) => promise,
    elapse: (ms) => new Promise((resolve) => void clock.after(ms, resolve)),
    async close() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await Promise.all(closers.map((close) => close()));
      // gRPC and HTTP/2 finish in immediates of theirs; what is left of them when Jest takes the globals away never ends.
      for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => void setImmediate(resolve));
    },
  };
}

// A gRPC stream of its own costs about half a millisecond to open and 45 KB on the serving side.
const streamsMany = Number(process.env["TIDEWIRE_TEST_GRPC_STREAMS"] ?? 500);

testLinkCompliance({ name: "gRPC, multiplexed,", create: () => grpcHarness("multiplexed") });
testLinkCompliance({
  name: "gRPC, stream per document,",
  streamsMany,
  create: () => grpcHarness("stream-per-document"),
});
// grpc-js by its documentation sends one message for each turn of the event loop.
testLinkCompliance({
  name: "gRPC by its public options, multiplexed,",
  isOneByOne: true,
  streamsMany: 1_000,
  create: () => grpcHarness("multiplexed", "public"),
});
testLinkCompliance({
  name: "gRPC by its public options, stream per document,",
  isOneByOne: true,
  streamsMany: 200,
  create: () => grpcHarness("stream-per-document", "public"),
});
