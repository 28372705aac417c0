import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import {
  type Codec,
  Reader,
  type StreamMethod,
  type StubCaller,
  type StubServerStreamHandlers,
  type StubServices,
  type StubStream,
  type StubStreamHandler,
  type StubStreamHandlers,
  type StubUnaryHandler,
  type UnaryMethod,
  Writer,
} from "@tidewire/wire";
import { type EverythingHandlers, everythingClient, serveEverything } from "./generated/everything-stubs.ts";
import type { Lists, Shape, Singles } from "./generated/everything-types.ts";

/** Both ends of a connection in one object; every message takes the way through its codec. */
class Loop implements StubCaller, StubServices {
  readonly #handlers = new Map<number, (...args: never[]) => unknown>();
  readonly #role: string;

  constructor(role: string) {
    this.#role = role;
  }

  unary<Request, Response>(method: UnaryMethod<Request, Response>, handler: StubUnaryHandler<Request, Response>): void {
    this.#handlers.set(method.id, handler);
  }

  stream<Open, Up, Down>(method: StreamMethod<Open, Up, Down>, handler: StubStreamHandler<Open, Up, Down>): void {
    this.#handlers.set(method.id, handler);
  }

  async call<Request, Response>(method: UnaryMethod<Request, Response>, request: Request): Promise<Response> {
    const handler = this.#handlers.get(method.id) as StubUnaryHandler<Request, Response>;
    return copied(method.response, await handler(copied(method.request, request), this.#context()));
  }

  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: StubStreamHandlers<Down>,
  ): StubStream<Up> {
    const handler = this.#handlers.get(method.id) as StubStreamHandler<Open, Up, Down>;
    const context = this.#context();
    const down = {
      peer: context.peer,
      isOpen: true,
      credit: method.credit,
      send: (message: Down) => handlers.message(copied(method.down, message)),
      end: (error?: ServiceError) => handlers.end(error),
    };
    const serving: StubServerStreamHandlers<Up> = handler(copied(method.open, request), down, context);
    return {
      isOpen: true,
      send: (message) => serving.message?.(copied(method.up, message)),
      grant: () => serving.credit?.(),
      cancel: () => serving.cancelled?.(),
    };
  }

  #context(): { peer: { nodeId: string; role: string }; deadlineAt: number } {
    return { peer: { nodeId: "n1", role: this.#role }, deadlineAt: 1 };
  }
}

function copied<Message>(codec: Codec<Message>, message: Message): Message {
  const writer = new Writer();
  codec.encode(writer, message);
  return codec.decode(new Reader(writer.written()));
}

/** Handlers as methods of a class, which need their `this`. */
class Server implements EverythingHandlers {
  readonly heard: Shape[] = [];

  ask(request: Singles): Shape {
    return { kind: "point", value: { x: request.a, y: this.heard.length } };
  }

  talk(_request: object, stream: { send(message: Lists): void }): StubServerStreamHandlers<Shape> {
    return {
      message: (shape) => {
        this.heard.push(shape);
        stream.send({ a: [this.heard.length], e: [], f: [], i: [], j: [], k: [], m: [], n: [], o: [shape], p: [] });
      },
    };
  }
}

const question: Singles = {
  a: 7,
  b: 1,
  c: 1,
  d: 1,
  e: 1,
  f: 1n,
  g: 1n,
  h: 1,
  i: true,
  j: "",
  k: new Uint8Array(),
  l: "{}",
  m: "red",
  n: { x: 1, y: 1 },
  o: { kind: "nothing", value: {} },
  p: {},
};

describe("generated client and server", () => {
  test("speak with each other", async () => {
    const loop = new Loop("tester");
    const server = new Server();
    serveEverything(loop, server);
    const client = everythingClient(loop);
    const received: Lists[] = [];
    const talk = client.talk({}, { message: (lists) => received.push(lists), end: () => {} });
    talk.send({ kind: "point", value: { x: 1, y: 2 } });
    expect(received.map((lists) => lists.o)).toEqual([[{ kind: "point", value: { x: 1, y: 2 } }]]);
    expect(await client.ask(question)).toEqual({ kind: "point", value: { x: 7, y: 1 } });
  });

  test("keep out peers whose role the definition does not admit", async () => {
    const loop = new Loop("log-storage");
    serveEverything(loop, new Server());
    const refused = everythingClient(loop).ask(question);
    await expect(refused).rejects.toThrow(ServiceError);
    await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  });
});
