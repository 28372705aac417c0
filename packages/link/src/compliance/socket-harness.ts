import type { Clock } from "@tidewire/foundation";
import type { LinkTransport } from "../link.ts";
import type { LinkHarness } from "./harness.ts";
import { StallingProxy } from "./stalling-proxy.ts";

export interface SocketHarnessOptions {
  readonly clock: Clock;
  transport(nodeId: string, role: string): LinkTransport;
  /** Behind everything else. */
  closed?(): Promise<void>;
}

/** Real sockets on loopback, through a proxy that can stall and cut. */
export function socketHarness({ clock, transport, closed }: SocketHarnessOptions): LinkHarness {
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
      await closed?.();
    },
  };
}
