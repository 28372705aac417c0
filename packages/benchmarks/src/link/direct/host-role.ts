import { LinkServiceTable, type ServerStream } from "@tidewire/link";
import { HostService, type ViewerFrame } from "@tidewire/protocol-host";
import { CountingMetrics } from "../../shared/counting-metrics.ts";
import { CpuMark } from "../../shared/process-cpu.ts";
import { serveRole } from "../../shared/role.ts";
import { createTransport } from "../link-variants.ts";
import { OperationMessages, receiverOf, snapshotOf } from "../operation.ts";
import type { HostRoleSettings, HostWindow, Load } from "./direct-figures.ts";

/** One viewer, and the deltas that wait for its credit. */
class Viewer {
  readonly #stream: ServerStream<ViewerFrame>;
  readonly #messages: OperationMessages;
  readonly #waiting: number[] = [];
  deferred = 0;

  constructor(stream: ServerStream<ViewerFrame>, messages: OperationMessages) {
    this.#stream = stream;
    this.#messages = messages;
    stream.send(snapshotOf());
  }

  deliver(operation: number): void {
    if (this.#waiting.length === 0 && this.#stream.credit > 0) {
      return this.#stream.send(this.#messages.deltaOf(operation));
    }
    this.deferred++;
    this.#waiting.push(operation);
  }

  pump(): void {
    while (this.#waiting.length > 0 && this.#stream.credit > 0) {
      this.#stream.send(this.#messages.deltaOf(this.#waiting.shift()!));
    }
  }
}

/** The serving side of the link: answers every request and sends a delta to another stream, in the same turn. */
class HostRole {
  readonly metrics = new CountingMetrics();
  readonly #viewers: Viewer[] = [];
  readonly #messages = new OperationMessages();

  async listen(settings: HostRoleSettings): Promise<string> {
    const services = new LinkServiceTable();
    services.stream(HostService.methods.connect, (_request, stream) => {
      const viewer = new Viewer(stream, this.#messages);
      this.#viewers.push(viewer);
      return { credit: () => viewer.pump() };
    });
    services.unary(HostService.methods.send, ({ tableVersion: operation }) => {
      this.#viewers[receiverOf(operation, this.#viewers.length)]!.deliver(operation);
      return this.#messages.responseOf(operation);
    });
    const transport = createTransport(settings.variant, "document-host", this.metrics);
    return (await transport.listen("127.0.0.1:0", services)).address;
  }

  async run(load: Load): Promise<HostWindow> {
    await new Promise((resolve) => setTimeout(resolve, load.warmupMs));
    const mark = new CpuMark();
    const before = this.#deferred();
    await new Promise((resolve) => setTimeout(resolve, load.windowMs));
    return { cpu: mark.read(), deferred: this.#deferred() - before, rssBytes: process.memoryUsage.rss() };
  }

  #deferred(): number {
    return this.#viewers.reduce((sum, viewer) => sum + viewer.deferred, 0);
  }
}

const role = new HostRole();
serveRole({
  start: (settings: HostRoleSettings) => role.listen(settings),
  run: (load: Load) => role.run(load),
  traffic: () => role.metrics.sums,
});
