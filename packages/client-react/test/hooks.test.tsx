import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type ReactNode, StrictMode, useState } from "react";
import { renderToString } from "react-dom/server";
import {
  documentHooks,
  TidewireProvider,
  useConnectionState,
  useDocument,
  useDocumentSelector,
  useSend,
} from "../src/index.ts";
import { Page } from "./support/page.ts";
import { ScriptedServer } from "./support/scripted-server.ts";

let server: ScriptedServer;
let page: Page;
let renders: string[];

beforeEach(() => {
  server = new ScriptedServer();
  page = new Page(server);
  renders = [];
});

afterEach(async () => {
  await page.unmount();
  server.client.close();
  expect(server.clock.pendingTimers).toBe(0);
});

function App({ children }: { readonly children: ReactNode }): ReactNode {
  return <TidewireProvider client={server.client}>{children}</TidewireProvider>;
}

function Value({ id = "g1" }: { readonly id?: string }): ReactNode {
  const { status, view } = useDocument("game", id);
  renders.push(`value ${status}`);
  return <p>{`${status}:${view === undefined ? "-" : JSON.stringify(view["value"])};`}</p>;
}

function Text({ upper = false }: { readonly upper?: boolean }): ReactNode {
  const text = useDocumentSelector("game", "g1", (view) => {
    const text = view["text"] as string;
    return upper ? text.toUpperCase() : text;
  });
  renders.push(`text ${text}`);
  return <p>{text ?? "none"}</p>;
}

describe("useDocument", () => {
  test("shows the document and its changes, and stops watching when it goes", async () => {
    await page.render(
      <App>
        <Value />
      </App>,
    );
    expect(page.text).toBe("live:1;");
    await page.pass(10, () => server.change({ "@s": 2, value: 2 }));
    expect(page.text).toBe("live:2;");
    expect(renders).toEqual(["value loading", "value live", "value live"]);
    await page.render(<App>nothing</App>);
    expect(server.methods).toEqual(["session/authenticate", "connection/create", "connection/end"]);
  });

  test("under StrictMode there is one connection and one stream", async () => {
    await page.render(
      <StrictMode>
        <App>
          <Value />
        </App>
      </StrictMode>,
    );
    expect(page.text).toBe("live:1;");
    expect(server.connections).toBe(1);
    expect(server.methods).toEqual(["session/authenticate", "connection/create"]);
  });

  test("components share a stream; another key is another stream and the old one ends", async () => {
    await page.render(
      <App>
        <Value />
        <Value />
        <Text />
      </App>,
    );
    expect(page.text).toBe("live:1;live:1;one");
    expect(server.methods.filter((method) => method === "connection/create")).toHaveLength(1);
    await page.render(
      <App>
        <Value id="g2" />
      </App>,
    );
    expect(server.requests.filter(({ method }) => method === "connection/create").map(({ key }) => key)).toEqual([
      "g1",
      "g2",
    ]);
    expect(server.methods).toContain("connection/end");
  });

  test("a lost connection shows as stale, and the view stays", async () => {
    await page.render(
      <App>
        <Value />
      </App>,
    );
    await page.pass(10, () => server.lose());
    expect(page.text).toBe("stale:1;");
    await page.pass(3_000);
    expect(page.text).toBe("live:1;");
  });

  test("a view state is told when it changes, on a stream of its own that goes on", async () => {
    function Zoomed({ zoom }: { readonly zoom: number }): ReactNode {
      return <p>{useDocument("game", "g1", { viewState: { zoom } }).status}</p>;
    }
    await page.render(
      <StrictMode>
        <App>
          <Zoomed zoom={1} />
        </App>
      </StrictMode>,
    );
    await page.render(
      <StrictMode>
        <App>
          <Zoomed zoom={1} />
        </App>
      </StrictMode>,
    );
    await page.render(
      <StrictMode>
        <App>
          <Zoomed zoom={2} />
        </App>
      </StrictMode>,
    );
    expect(server.methods).toEqual(["session/authenticate", "connection/create", "connection/update"]);
    expect(server.requests.at(-1)).toMatchObject({ viewState: { zoom: 2 } });
    expect(server.requests[1]).toMatchObject({ viewState: { zoom: 1 } });
  });

  test("without a provider it says so", () => {
    expect(() => renderToString(<Value />)).toThrow("TidewireProvider");
  });
});

describe("useDocumentSelector", () => {
  test("renders only when its part changes", async () => {
    await page.render(
      <App>
        <Text />
      </App>,
    );
    await page.pass(10, () => server.change({ "@s": 2, value: 2 }));
    await page.pass(10, () => server.change({ "@s": 3, text: "three" }));
    expect(renders).toEqual(["text undefined", "text one", "text three"]);
  });

  test("a new selector counts at once", async () => {
    await page.render(
      <App>
        <Text />
      </App>,
    );
    await page.render(
      <App>
        <Text upper />
      </App>,
    );
    expect(page.text).toBe("ONE");
  });

  test("an equal part keeps its identity, also under a new selector", async () => {
    const seen = new Set<unknown>();
    let bump = (): void => {};
    function Both(): ReactNode {
      const [count, setCount] = useState(0);
      bump = () => setCount(count + 1);
      const both = useDocumentSelector(
        "game",
        "g1",
        (view) => ({ text: view["text"] }),
        (a, b) => a.text === b.text,
      );
      if (both !== undefined) seen.add(both);
      return <p>{count}</p>;
    }
    await page.render(
      <App>
        <Both />
      </App>,
    );
    await page.pass(10, () => server.change({ "@s": 2, value: 2 }));
    await page.pass(10, () => bump());
    await page.pass(10, () => bump());
    expect(page.text).toBe("2");
    expect(seen.size).toBe(1);
  });
});

describe("sending and the connection", () => {
  test("useSend gives one function that sends, without watching", async () => {
    const functions = new Set<unknown>();
    let sent: Promise<unknown> | undefined;
    let bump = (): void => {};
    function Button(): ReactNode {
      const [count, setCount] = useState(0);
      bump = () => setCount(count + 1);
      const send = useSend("game", "g1");
      functions.add(send);
      return (
        <button type="button" onClick={() => void (sent = send("play", { tile: 3 }))}>
          {count}
        </button>
      );
    }
    await page.render(
      <App>
        <Button />
      </App>,
    );
    await page.pass(10, () => bump());
    expect(server.connections).toBe(0);
    await page.pass(10, () => page.element.querySelector("button")!.click());
    expect(await sent).toEqual({ seq: 7, value: { tile: 3 } });
    expect(functions.size).toBe(1);
    expect(server.methods).toEqual(["session/authenticate", "message/send"]);
  });

  test("useConnectionState follows the connection", async () => {
    const statuses: string[] = [];
    function Status(): ReactNode {
      statuses.push(useConnectionState().status);
      return null;
    }
    await page.render(
      <App>
        <Status />
      </App>,
    );
    await page.pass(10, () => server.client.connect());
    await page.pass(10, () => server.lose());
    await page.pass(10, () => server.client.close());
    expect(statuses).toEqual(["connecting", "live", "reconnecting", "closed"]);
  });

  test("hooks of one document type know its view and messages", async () => {
    interface Game {
      readonly "~types"?: {
        readonly state: {
          readonly text: { readonly "~field"?: { view: string; presence: "required"; audience: "everyone" } };
        };
        readonly computed: { readonly size: number };
        readonly views: { readonly hand: { toArray(): { id: string }[] } };
        readonly messages: { readonly play: { readonly "~message"?: { arg: { tile: number }; value: number } } };
        readonly viewState: undefined;
      };
    }
    const game = documentHooks<Game>("game");
    let play: ((tile: number) => Promise<{ seq: number; value: number }>) | undefined;
    function Typed(): ReactNode {
      const length = game.useSelector("g1", (view) => view.text.length);
      const { view } = game.useDocument("g1");
      const send = game.useSend("g1");
      play = (tile) => send("play", { tile });
      // @ts-expect-error -- there is no such message
      const wrong = (): unknown => send("resign");
      return <p>{`${length}${view?.text}${typeof wrong}`}</p>;
    }
    await page.render(
      <App>
        <Typed />
      </App>,
    );
    expect(page.text).toBe("3onefunction");
    expect(play).toBeDefined();
  });
});

describe("on a server", () => {
  const tree = (): ReactNode => (
    <App>
      <Value />
      <Text />
    </App>
  );

  test("rendering shows loading and touches no network", async () => {
    expect(renderToString(tree())).toBe("<p>loading:-;</p><p>none</p>");
    await page.pass(1_000);
    expect(server.connections).toBe(0);
  });

  test("hydration takes the page over without a mismatch, and then it lives", async () => {
    const errors: unknown[] = [];
    const html = renderToString(tree());
    await page.hydrate(html, tree(), (error) => errors.push(error));
    expect(errors).toEqual([]);
    expect(page.text).toBe("live:1;one");
  });
});
