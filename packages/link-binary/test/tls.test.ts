import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "@jest/globals";
import { noLogger, SeededRandom, SystemClock } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable } from "@tidewire/link";
import { echo, parcel, patternBytes, rejection, StallingProxy } from "@tidewire/link/compliance";
import { type BinaryLinkOptions, createBinaryLinkTransport } from "../src/index.ts";
import { MetricsRecorder } from "./metrics-recorder.ts";

const pem = (name: string): string => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), "utf8");
const identity = (name: string) => ({ key: pem(`${name}-key`), cert: pem(name), ca: pem("ca") });

const mutual = (name: string): NonNullable<BinaryLinkOptions["tls"]> => ({
  dial: { ...identity(name), servername: "localhost" },
  listen: { ...identity("server"), requestCert: true, rejectUnauthorized: true },
});

describe("TLS", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  function transport(nodeId: string, options: Partial<BinaryLinkOptions>) {
    const metrics = new MetricsRecorder();
    const modules = { clock: new SystemClock(), random: new SeededRandom(5), logger: noLogger, metrics };
    return { metrics, transport: createBinaryLinkTransport({ nodeId, role: "tool", ...options }, modules) };
  }

  async function listening(options: Partial<BinaryLinkOptions>): Promise<LinkListener> {
    const services = new LinkServiceTable();
    services.unary(echo, (request) => request);
    const listener = await transport("server", options).transport.listen("127.0.0.1:0", services);
    closers.push(() => listener.close());
    return listener;
  }

  it("carries calls with certificates alone", async () => {
    const listener = await listening({ tls: mutual("server") });
    const connection = await transport("client", { tls: mutual("client") }).transport.dial(listener.address);
    const big = patternBytes(1_000_000, 1);
    const answer = await connection.call(echo, parcel(1, "", big));
    expect(Buffer.compare(answer.data, big)).toBe(0);
    await connection.close();
  });

  it("binds the shared key to the TLS session", async () => {
    const sharedKey = "a key for tests only";
    const listener = await listening({ tls: mutual("server"), sharedKey });
    const connection = await transport("client", { tls: mutual("client"), sharedKey }).transport.dial(listener.address);
    expect((await connection.call(echo, parcel(1))).number).toBe(1);
    await connection.close();
    const wrong = transport("client", { tls: mutual("client"), sharedKey: "not the key of the fleet" });
    expect(await rejection(wrong.transport.dial(listener.address))).toMatchObject({ code: "unauthenticated" });
  });

  it("refuses a certificate nobody vouches for, on either side", async () => {
    const listener = await listening({ tls: mutual("server"), handshakeTimeoutMs: 500 });
    const stranger = {
      dial: { key: pem("stranger-key"), cert: pem("stranger"), ca: pem("ca"), servername: "localhost" },
      listen: { key: pem("stranger-key"), cert: pem("stranger"), ca: pem("ca"), requestCert: true },
    };
    const dialling = transport("stranger", { tls: stranger }).transport;
    expect(await rejection(dialling.dial(listener.address))).toMatchObject({ code: "unavailable", isSent: false });
    const impostor = await listening({ tls: stranger });
    const careful = transport("client", { tls: mutual("client") }).transport;
    expect(await rejection(careful.dial(impostor.address))).toMatchObject({ code: "unavailable", isSent: false });
  });

  it("does not talk to a side without TLS", async () => {
    const sharedKey = "a key for tests only";
    const listener = await listening({ tls: mutual("server"), sharedKey, handshakeTimeoutMs: 200 });
    const proxy = await StallingProxy.to(listener.address);
    closers.push(() => proxy.close());
    const plain = transport("client", { sharedKey, handshakeTimeoutMs: 200 }).transport;
    const error = await rejection(plain.dial(proxy.address));
    expect(["unavailable", "unsupported", "timeout"]).toContain((error as { code: string }).code);
  });
});
