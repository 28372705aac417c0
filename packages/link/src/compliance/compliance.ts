import { describe } from "@jest/globals";
import { testBounds } from "./bounds.ts";
import { testCalls } from "./calls.ts";
import { testEnds } from "./ends.ts";
import type { LinkSubject } from "./harness.ts";
import { testMany } from "./many.ts";
import { testStreams } from "./streams.ts";
import { testTogether } from "./together.ts";

export type { LinkHarness, LinkSubject } from "./harness.ts";

/** Every guarantee written in link.ts, as tests. A transport is done when they pass. */
export function testLinkCompliance(subject: LinkSubject): void {
  describe(`${subject.name} link`, () => {
    testCalls(subject);
    testStreams(subject);
    testMany(subject);
    if (subject.isOneByOne !== true) testTogether(subject);
    testBounds(subject);
    testEnds(subject);
  });
}
export { testLinkFailures } from "./failures.ts";
export { Later, rejection, settledUnder } from "./harness.ts";
export { MetricsRecorder } from "./metrics-recorder.ts";
export { socketHarness } from "./socket-harness.ts";
export { StallingProxy } from "./stalling-proxy.ts";
export * from "./test-certificates.ts";
export * from "./test-service.ts";
