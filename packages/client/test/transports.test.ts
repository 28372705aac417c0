import { afterEach, describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { WebSocket } from "ws";
import { type ClientOptions, type DocumentState, TidewireClient, type TidewireDocument } from "../src/index.ts";
import { PollTransport } from "../src/transport/poll-transport.ts";
import type { TransportConnection } from "../src/transport/transport.ts";
import { TransportChoice } from "../src/transport/transport-choice.ts";
import { utf8Length } from "../src/utf8-length.ts";
import { ListeningServer } from "./support/listening-server.ts";
import { TestServer } from "./support/test-server.ts";
import { errorOf } from "./support/world.ts";

const clean: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step();
});

interface Setup {
  readonly server: TestServer;
  readonly listening: ListeningServer;
  readonly client: TidewireClient;
}

async function setUp(options: Partial<ClientOptions> = {}): Promise<Setup> {
  const server = new TestServer();
  server.document("game/g1");
  const listening = await ListeningServer.start(server);
  clean.push(() => {
    expect(server.violations).toEqual([]);
    return listening.stop();
  });
  const client = new TidewireClient({
    url: listening.url,
    token: "dev:alice",
    webSocket: WebSocket,
    random: new SeededRandom(1),
    ...options,
  });
  clean.push(() => client.close());
  return { server, listening, client };
}

/** Resolves with the first state that `holds`. */
function reaches<View>(document: TidewireDocument, holds: (state: DocumentState<View>) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = document.subscribe((state) => {
      if (!holds(state as DocumentState<View>)) return;
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

function isConnectedBy(client: TidewireClient, transport: string): Promise<void> {
  return new Promise((resolve) => {
    client.onState((state) => {
      if (state.status === "live" && state.transport === transport) resolve();
    });
  });
}

describe("over a real WebSocket", () => {
  test("watch, send, lose the connection, and go on", async () => {
    const { server, client } = await setUp();
    const document = client.document("game", "g1");
    document.subscribe(() => {});
    expect(await document.send("add", { by: 5 })).toEqual({ seq: 2, value: { value: 5 } });
    await reaches<{ value: number }>(document, ({ view }) => view?.value === 5);
    server.session.close(4000);
    expect(await document.send("set", { text: "é𝄞" })).toEqual({ seq: 3 });
    await reaches<{ text: string }>(document, ({ status, view }) => status === "live" && view?.text === "é𝄞");
    expect(client.state.transport).toBe("websocket");
    expect(server.connections).toBe(2);
  });

  test("a server that is not there is a failed attempt", async () => {
    const { listening, client } = await setUp({ transport: "websocket" });
    await listening.stop();
    client.connect();
    await new Promise<void>((resolve) => {
      client.onState(({ reason }) => {
        if (reason !== undefined) resolve();
      });
    });
    expect(client.state).toMatchObject({ status: "connecting", reason: { code: "unavailable" } });
  });
});

describe("long polling", () => {
  test("everything works the same", async () => {
    const { server, listening, client } = await setUp({ transport: "poll" });
    const document = client.document("game", "g1");
    document.subscribe(() => {});
    const sends = Array.from({ length: 20 }, (_, index) => document.send("set", { text: `t${index}` }));
    expect((await Promise.all(sends)).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
    await reaches<{ text: string }>(document, ({ view }) => view?.text === "t19");
    server.change("game/g1", "add", { by: 7 });
    await reaches<{ value: number }>(document, ({ view }) => view?.value === 7);
    expect(client.state).toMatchObject({ status: "live", transport: "poll", principal: { agent: "alice" } });
    // Frames of one turn travelled together.
    expect(listening.polls).toBeLessThan(20);
  });

  test("many frames one after another arrive in order", async () => {
    const { client } = await setUp({ transport: "poll" });
    const document = client.document("game", "g1");
    const seqs: number[] = [];
    const sends: Promise<unknown>[] = [];
    for (let index = 0; index < 30; index++) {
      sends.push(document.send("set", { text: `t${index}` }).then(({ seq }) => seqs.push(seq)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(sends);
    expect(seqs).toEqual(Array.from({ length: 30 }, (_, index) => index + 2));
  });

  test("a poll session that is gone is a lost connection", async () => {
    const { server, listening, client } = await setUp({ transport: "poll" });
    const document = client.document("game", "g1");
    document.subscribe(() => {});
    await reaches(document, ({ status }) => status === "live");
    listening.dropPollSessions();
    await reaches(document, ({ status }) => status === "stale");
    await reaches(document, ({ status }) => status === "live");
    expect(server.connections).toBe(2);
  });

  test("a refusal comes through with its code", async () => {
    const { client } = await setUp({ transport: "poll", token: "bad" });
    expect(await errorOf(client.document("game", "g1").get())).toMatchObject({ code: "unauthenticated", number: 1002 });
    expect(client.state).toMatchObject({ status: "closed", reason: { code: "unauthenticated" } });
  });

  test("polling takes over when WebSocket fails twice before ever opening", async () => {
    const { listening, server, client } = await setUp();
    listening.refusesSockets = true;
    client.connect();
    await isConnectedBy(client, "poll");
    expect(server.connections).toBe(1);
    expect(await client.document("game", "g1").send("add", { by: 1 })).toMatchObject({ seq: 2 });
  }, 15_000);

  test("a request cut short by close does not surface as an unhandled rejection", async () => {
    const { client } = await setUp({ transport: "poll" });
    const document = client.document("game", "g1");
    document.subscribe(() => {});
    await reaches(document, ({ status }) => status === "live");
    const unanswered = errorOf(document.send("add", { by: 1 }));
    client.close();
    expect(await unanswered).toMatchObject({ code: "unavailable" });
  });
});

describe("POSTs of a poll session", () => {
  interface Post {
    readonly body: string;
    answer(frames: string): void;
    fail(): void;
  }

  /** A connection whose POSTs are answered by hand. */
  async function openByHand(): Promise<{
    clock: ManualClock;
    posts: Post[];
    frames: unknown[];
    ends: string[];
    connection: TransportConnection;
  }> {
    const clock = new ManualClock();
    const posts: Post[] = [];
    const answering = (_url: unknown, init: RequestInit | undefined): Promise<Response> =>
      new Promise((resolve, reject) => {
        const body = init?.body as string;
        posts.push({
          body,
          answer: (frames) => resolve(new Response(frames)),
          fail: () => reject(new TypeError("cut")),
        });
      });
    const transport = new PollTransport(answering, (delayMs, callback) => clock.after(delayMs, callback));
    const frames: unknown[] = [];
    const ends: string[] = [];
    const connection = transport.open(
      { base: "http://edge.test", token: undefined },
      { onOpen: () => {}, onFrame: (frame) => frames.push(frame), onClose: ({ reason }) => ends.push(reason) },
    );
    await clock.advanceAsync(0);
    posts[0]!.answer('{"session":"p"}');
    await clock.advanceAsync(0);
    return { clock, posts, frames, ends, connection };
  }

  test("answers are taken in the order of their POSTs", async () => {
    const { clock, posts, frames, connection } = await openByHand();
    connection.send('{"up":1}');
    await clock.advanceAsync(0);
    expect(posts.map(({ body }) => body)).toEqual(["[]", "[]", '[{"up":1}]']);
    posts[2]!.answer('[{"down":2}]');
    await clock.advanceAsync(0);
    expect(frames).toEqual([]);
    posts[1]!.answer('[{"down":1}]');
    await clock.advanceAsync(0);
    expect(frames).toEqual([{ down: 1 }, { down: 2 }]);
    connection.abort();
  });

  test("frames wait while POSTs with frames might overtake each other", async () => {
    const { clock, posts, connection } = await openByHand();
    connection.send("1");
    connection.send("2");
    await clock.advanceAsync(0);
    posts[1]!.answer("[]");
    connection.send("3");
    await clock.advanceAsync(200);
    expect(posts.at(-1)!.body).toBe("[1,2]");
    connection.send("4");
    await clock.advanceAsync(60);
    expect(posts.at(-1)!.body).toBe("[3,4]");
    expect(posts).toHaveLength(4);
    connection.abort();
    expect(clock.pendingTimers).toBe(0);
  });

  test("both POSTs fail at once: the connection ends once", async () => {
    const { clock, posts, ends, connection } = await openByHand();
    connection.send("1");
    await clock.advanceAsync(0);
    posts[2]!.fail();
    await clock.advanceAsync(0);
    posts[1]!.fail();
    await clock.advanceAsync(0);
    expect(ends).toEqual(["cut"]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("what the platform lacks", () => {
  test("neither WebSocket nor fetch: unsupported", () => {
    const { fetch } = globalThis;
    try {
      Reflect.deleteProperty(globalThis, "fetch");
      expect(() => new TidewireClient({ url: "http://edge.test" })).toThrow(
        expect.objectContaining({ code: "unsupported" }),
      );
    } finally {
      globalThis.fetch = fetch;
    }
  });

  test("a WebSocket that throws when it is made is a failed attempt", async () => {
    const clock = new ManualClock();
    class Forbidden {
      constructor() {
        throw new Error("blocked by the page's policy");
      }
      addEventListener(): void {}
      send(): void {}
      close(): void {}
    }
    const client = new TidewireClient({ url: "http://edge.test", webSocket: Forbidden, transport: "websocket", clock });
    client.connect();
    await clock.advanceAsync(10);
    expect(client.state).toMatchObject({ status: "connecting", reason: { code: "unavailable" } });
    client.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("the choice of the transport", () => {
  const [socket, poll] = ["websocket", "poll"].map((name) => ({ name, open: () => ({}) as never }));

  function names(choice: TransportChoice, outcomes: string): string {
    return outcomes
      .split("")
      .map((outcome) => {
        const transport = choice.next();
        if (outcome === "o") choice.opened(transport);
        else choice.failed(transport);
        return transport.name[0];
      })
      .join("");
  }

  test.each([
    ["the socket twice, then turns while both fail", "xxxxxx", "wwpwpw"],
    ["polling stays once it has opened", "xxoooo", "wwpppp"],
    ["when polling is lost the socket gets another chance", "xxoxxo", "wwppwp"],
    ["a socket that has opened once is never doubted", "oxxxxx", "wwwwww"],
  ])("%s", (_name, outcomes, expected) => {
    expect(names(new TransportChoice(socket!, poll), outcomes)).toBe(expected);
  });

  test("without a fallback there is no choice", () => {
    expect(names(new TransportChoice(socket!, undefined), "xxxx")).toBe("wwww");
  });
});

test("bytes of a text", () => {
  for (const text of ["", "abc", "é", "€", "𝄞", "a𝄞é€", "\ud834", "\udd1e", "x\ud834y"]) {
    expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
  }
});
