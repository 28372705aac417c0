import { describe, expect, test } from "@jest/globals";
import { SendRequestCodec, SendResponseCodec, ViewerFrameCodec } from "@tidewire/protocol-host";
import { codecArtifacts } from "../src/codec/codec-artifacts.ts";
import { codecBenchmark } from "../src/codec/codec-benchmark.ts";
import { encodedBytes, SAMPLE_BYTES, sampleMessages, textKinds } from "../src/codec/sample-messages.ts";
import { OperationMessages } from "../src/link/operation.ts";
import { expectValidResult } from "./valid-result.ts";

describe("the messages", () => {
  test.each(textKinds)("have the sizes of the workload, %s", (kind) => {
    const { viewerFrame, sendRequest, sendResponse, texts } = sampleMessages(kind);
    expect(encodedBytes(ViewerFrameCodec, viewerFrame)).toBe(SAMPLE_BYTES.viewerFrame);
    expect(encodedBytes(SendRequestCodec, sendRequest)).toBe(SAMPLE_BYTES.sendRequest);
    expect(encodedBytes(SendResponseCodec, sendResponse)).toBe(SAMPLE_BYTES.sendResponse);
    expect(/^[\x20-\x7e]*$/.test(texts.viewerFrame)).toBe(kind === "ascii");
    expect(Buffer.from(viewerFrame.data).toString()).toBe(texts.viewerFrame);
    expect(() => JSON.parse(texts.sendResponse)).not.toThrow();
  });

  test("an operation is as large as its sample", () => {
    expect(encodedBytes(SendRequestCodec, new OperationMessages().requestOf(123_456))).toBe(SAMPLE_BYTES.sendRequest);
  });
});

test("the smallest form runs every variant in a process of its own", async () => {
  const result = await codecBenchmark.run({ isShort: true, rounds: 1, measureMs: 4, progress: () => {} });
  expectValidResult(result);
  expect(result.targets.map(({ ok }) => ok)).not.toContain(null);
  expect(result.summary["viewerFrame.ascii.generated.bytes"]).toBe(SAMPLE_BYTES.viewerFrame);
  expect(result.summary["sendResponse.ascii.protobufjs.encodeNs"]).toBeGreaterThan(0);
  expect(codecArtifacts(result).tables.split("\n").length).toBe(2 + 3 * 2 * 7);
}, 60_000);
