import { afterEach, describe, expect, it } from "@jest/globals";
import { noLogger, SeededRandom, SystemClock } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable } from "@tidewire/link";
import {
  echo,
  MetricsRecorder,
  parcel,
  patternBytes,
  rejection,
  StallingProxy,
  testCertificate,
} from "@tidewire/link/compliance";
import { type BinaryLinkOptions, createBinaryLinkTransport } from "../src/index.ts";

describe("TLS", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  function transport(nodeId: string, options: Partial<BinaryLinkOptions>) {
    const metrics = new MetricsRecorder("tidewire_link_binary_");
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
    const listener = await listening({ certificate: testCertificate("server") });
    const connection = await transport("client", { certificate: testCertificate("client") }).transport.dial(
      listener.address,
    );
    const big = patternBytes(1_000_000, 1);
    const answer = await connection.call(echo, parcel(1, "", big));
    expect(Buffer.compare(answer.data, big)).toBe(0);
    await connection.close();
  });

  it("binds the shared key to the TLS session", async () => {
    const sharedKey = "a key for tests only";
    const listener = await listening({ certificate: testCertificate("server"), sharedKey });
    const connection = await transport("client", { certificate: testCertificate("client"), sharedKey }).transport.dial(
      listener.address,
    );
    expect((await connection.call(echo, parcel(1))).number).toBe(1);
    await connection.close();
    const wrong = transport("client", {
      certificate: testCertificate("client"),
      sharedKey: "not the key of the fleet",
    });
    expect(await rejection(wrong.transport.dial(listener.address))).toMatchObject({ code: "unauthenticated" });
  });

  it("refuses a certificate nobody vouches for, on either side", async () => {
    const listener = await listening({ certificate: testCertificate("server"), handshakeTimeoutMs: 500 });
    const stranger = { certificate: testCertificate("stranger") };
    const dialling = transport("stranger", stranger).transport;
    expect(await rejection(dialling.dial(listener.address))).toMatchObject({ code: "unavailable", isSent: false });
    const impostor = await listening(stranger);
    const careful = transport("client", { certificate: testCertificate("client") }).transport;
    expect(await rejection(careful.dial(impostor.address))).toMatchObject({ code: "unavailable", isSent: false });
  });

  it("refuses a certificate of the same CA that lacks the name of the cluster", async () => {
    const listener = await listening({ certificate: testCertificate("server") });
    const certificate = { ...testCertificate("client"), serverName: "another.cluster" };
    const error = await rejection(transport("client", { certificate }).transport.dial(listener.address));
    expect(error).toMatchObject({ code: "unavailable", isSent: false });
    expect((error as Error).message).toContain("another.cluster");
  });

  it("does not talk to a side without TLS", async () => {
    const sharedKey = "a key for tests only";
    const listener = await listening({ certificate: testCertificate("server"), sharedKey, handshakeTimeoutMs: 200 });
    const proxy = await StallingProxy.to(listener.address);
    closers.push(() => proxy.close());
    const plain = transport("client", { sharedKey, handshakeTimeoutMs: 200 }).transport;
    const error = await rejection(plain.dial(proxy.address));
    expect(["unavailable", "unsupported", "timeout"]).toContain((error as { code: string }).code);
  });
});
