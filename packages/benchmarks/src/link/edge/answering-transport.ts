import { ServiceError } from "@tidewire/foundation";
import type { ClientStream, ClientStreamHandlers, LinkConnection, LinkTransport } from "@tidewire/link";
import { type ConnectRequest, HostService, type SendRequest, type ViewerFrame } from "@tidewire/protocol-host";
import { RoutingService } from "@tidewire/protocol-routing";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import { FIRST_CREDIT, RelayHost, tableOf, WaitingFrames } from "./relay-host.ts";

/**
 * Takes the place of the binary link in a build of the edge-proxy: there is one host, and it answers in this process, as
 * the relay document would. What such an edge spends is what the edge spends without a link.
 */
export function createBinaryLinkTransport(): LinkTransport {
  const host = new RelayHost();
  const turns = new Turns();
  return {
    kind: "binary",
    dial: () => Promise.resolve(new AnsweringLink(host, turns)),
    listen: () => Promise.reject(new Error("this link only answers")),
    sendToMany: () => {
      throw new Error("this link only answers");
    },
    streamSet: () => {
      throw new Error("this link only answers");
    },
  };
}

/** As if a read had brought it: everything of a turn comes together, when the turn is over. */
class Turns {
  #due: (() => void)[] = [];

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
}

class AnsweringLink implements LinkConnection {
  readonly peer = { nodeId: "document-host-1", role: "document-host" };
  readonly isOpen = true;
  readonly inFlight = 0;
  readonly #host: RelayHost;
  readonly #turns: Turns;
  #streams = 0;

  constructor(host: RelayHost, turns: Turns) {
    this.#host = host;
    this.#turns = turns;
  }

  call<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve) =>
      this.#turns.later(() => resolve(this.#answer(method, request as object) as Response)),
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
      this.#turns.later(() => handlers.message(tableOf("127.0.0.1:2") as Down));
      return stream;
    }
    const { key, principal } = request as ConnectRequest;
    const { message } = handlers as ClientStreamHandlers<ViewerFrame>;
    let credit: number = FIRST_CREDIT;
    const frames = new WaitingFrames((frame) => {
      credit--;
      message(frame);
    });
    const deliver = (frame: ViewerFrame): void => {
      frames.add(frame);
      frames.pump(() => credit);
    };
    this.#turns.later(() => this.#host.connect(key, { agent: principal.agent, deliver }));
    return {
      ...stream,
      grant: (messages) => {
        credit += messages;
        frames.pump(() => credit);
      },
    };
  }

  onGoAway(): void {}

  onClose(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer(method: unknown, request: object): unknown {
    if (method === HostService.methods.create) return this.#host.create();
    if (method === HostService.methods.send) return this.#host.send(request as SendRequest);
    throw new ServiceError("unsupported", "this link only answers sends");
  }
}
