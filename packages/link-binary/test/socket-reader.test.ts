import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { readBuffer, readIntoBuffer } from "../src/socket-reader.ts";

let server: Server;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

async function pairs(count: number): Promise<{ dialled: Socket; accepted: Socket }[]> {
  server = createServer({ noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const result: { dialled: Socket; accepted: Socket }[] = [];
  for (let index = 0; index < count; index++) {
    const accepting = once(server, "connection");
    const dialled = connect(port, "127.0.0.1");
    const [accepted] = (await accepting) as [Socket];
    result.push({ dialled, accepted });
    sockets.push(dialled, accepted);
  }
  return result;
}

describe("an accepted socket", () => {
  it("reads into a buffer that others share, on every version of Node the tests run on", async () => {
    const [first, second] = (await pairs(2)) as [
      { dialled: Socket; accepted: Socket },
      { dialled: Socket; accepted: Socket },
    ];
    const buffer = readBuffer();
    const texts = ["", ""];
    const isDone = new Promise<void>((resolve) => {
      [first, second].forEach(({ accepted }, index) => {
        const isSet = readIntoBuffer(accepted, buffer, (bytes, length) => {
          expect(bytes).toBe(buffer);
          texts[index] += Buffer.from(bytes.subarray(0, length)).toString("latin1");
          if (texts.every((text) => text.length === 200_000)) resolve();
        });
        expect(isSet).toBe(true);
      });
    });
    first.dialled.write("a".repeat(200_000));
    second.dialled.write("b".repeat(200_000));
    await isDone;
    expect(texts).toEqual(["a".repeat(200_000), "b".repeat(200_000)]);
  });

  it("still writes, ends and closes as before", async () => {
    const [{ dialled, accepted }] = (await pairs(1)) as [{ dialled: Socket; accepted: Socket }];
    const received: string[] = [];
    readIntoBuffer(accepted, readBuffer(), (bytes, length) => {
      received.push(Buffer.from(bytes.subarray(0, length)).toString());
      accepted.write("back");
    });
    const answered = once(dialled, "data");
    const ended = once(accepted, "end");
    const closed = once(accepted, "close");
    dialled.write("there");
    expect(String((await answered)[0])).toBe("back");
    dialled.end();
    await ended;
    await closed;
    expect(received).toEqual(["there"]);
    const stopped = once(server, "close");
    server.close();
    await stopped;
  });
});
