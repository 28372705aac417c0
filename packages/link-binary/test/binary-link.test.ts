import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LinkHarness, StallingProxy, testLinkCompliance } from "@tidewire/link/compliance";
import { createBinaryLinkTransport } from "../src/index.ts";

export async function binaryHarness(): Promise<LinkHarness> {
  const clock = new SystemClock();
  const modules = { clock, random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const sharedKey = "a key for tests only";
  const transport = (nodeId: string, role: string) => createBinaryLinkTransport({ nodeId, role, sharedKey }, modules);
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
    },
  };
}

testLinkCompliance({ name: "binary", create: binaryHarness });
