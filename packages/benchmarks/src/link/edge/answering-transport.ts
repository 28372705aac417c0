import { ServiceError } from "@tidewire/foundation";
import type { ClientStream, ClientStreamHandlers, LinkConnection, LinkTransport } from "@tidewire/link";
import { type ConnectRequest, HostService, type SendRequest, type ViewerFrame } from "@tidewire/protocol-host";
import { RoutingService, type RoutingTable } from "@tidewire/protocol-routing";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import { ANSWER_TEXT_LENGTH, DELTA_TEXT_LENGTH } from "./relay-document.ts";

/**
 * Takes the place of the binary link in a build of the edge-proxy: there is one host, and it answers in this process, as
 * the relay document would. What such an edge spends is what the edge spends without a link.
 */
export function createBinaryLinkTransport(): LinkTransport {
  const host = new InnerHost();
  return {
    kind: "binary",
    dial: () => Promise.resolve(new AnsweringLink(host)),
    listen: () => Promise.reject(new Error("this link only answers")),
    sendToMany: () => {
      throw new Error("this link only answers");
    },
  };
}

const TABLE: RoutingTable = {
  epoch: 1,
  version: 1,
  digest: "0000000000000001",
  isFrozen: false,
  hosts: [{ id: "document-host-1", address: "127.0.0.1:2", zone: "", weight: 1, state: "active", boot: 1 }],
};

const ANSWER = JSON.stringify({ text: "a".repeat(ANSWER_TEXT_LENGTH) });
const DELTA_TEXT = "d".repeat(DELTA_TEXT_LENGTH);

/** One viewer and what waits for its credit. */
class InnerViewer {
  readonly agent: string;
  readonly #handlers: ClientStreamHandlers<ViewerFrame>;
  readonly #waiting: ViewerFrame[] = [];
  #credit: number;

  constructor(agent: string, handlers: ClientStreamHandlers<ViewerFrame>, credit: number) {
    this.agent = agent;
    this.#handlers = handlers;
    this.#credit = credit;
  }

  deliver(frame: ViewerFrame): void {
    this.#waiting.push(frame);
    this.grant(0);
  }

  grant(messages: number): void {
    this.#credit += messages;
    for (; this.#credit > 0 && this.#waiting.length > 0; this.#credit--) this.#handlers.message(this.#waiting.shift()!);
  }
}

class InnerHost {
  readonly #viewers = new Map<string, InnerViewer[]>();
  #due: (() => void)[] = [];
  #seq = 1;

  /** As if a read had brought it: everything of a turn comes in the next one. */
  later(act: () => void): void {
    if (this.#due.length === 0) {
      setImmediate(() => {
        const due = this.#due;
        this.#due = [];
        for (const each of due) each();
      });
    }
    this.#due.push(act);
  }

  connect(request: ConnectRequest, handlers: ClientStreamHandlers<ViewerFrame>): InnerViewer {
    const viewer = new InnerViewer(request.principal.agent, handlers, HostService.methods.connect.credit);
    const viewers = this.#viewers.get(request.key) ?? [];
    this.#viewers.set(request.key, [...viewers, viewer]);
    const data = Buffer.from(`{"@s":${this.#seq},"inboxes":{"@o":[]}}`);
    this.later(() => viewer.deliver({ kind: "snapshot", seq: this.#seq, hash: undefined, data }));
    return viewer;
  }

  answer(method: unknown, request: object): unknown {
    if (method === HostService.methods.create) return { seq: this.#seq };
    if (method !== HostService.methods.send) throw new ServiceError("unsupported", "this link only answers sends");
    const { key, principal, arg } = request as SendRequest;
    const operation = Number.parseInt(arg!.slice(arg!.indexOf(":") + 1), 10);
    const seq = ++this.#seq;
    const data = Buffer.from(`{"@s":${seq},"inboxes":{"2":{"operation":${operation},"text":"${DELTA_TEXT}"}}}`);
    for (const viewer of this.#viewers.get(key)!) {
      if (viewer.agent !== principal.agent)
        this.later(() => viewer.deliver({ kind: "delta", seq, hash: undefined, data }));
    }
    return { seq, value: ANSWER };
  }
}

class AnsweringLink implements LinkConnection {
  readonly peer = { nodeId: "document-host-1", role: "document-host" };
  readonly isOpen = true;
  readonly inFlight = 0;
  readonly #host: InnerHost;
  #streams = 0;

  constructor(host: InnerHost) {
    this.#host = host;
  }

  call<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve) =>
      this.#host.later(() => resolve(this.#host.answer(method, request as object) as Response)),
    );
  }

  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: ClientStreamHandlers<Down>,
  ): ClientStream<Up> {
    const stream = {
      id: ++this.#streams,
      isOpen: true,
      send: () => {},
      grant: (_messages: number) => {},
      cancel: () => {},
    };
    if ((method as unknown) === RoutingService.methods.watch) {
      this.#host.later(() => handlers.message(TABLE as Down));
      return stream;
    }
    const viewer = this.#host.connect(request as ConnectRequest, handlers as ClientStreamHandlers<ViewerFrame>);
    return { ...stream, grant: (messages) => viewer.grant(messages) };
  }

  onGoAway(): void {}

  onClose(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
