import { SystemClock, SystemRandom } from "@tidewire/foundation";
import { S3Client, type S3Options, type S3Settings } from "../../src/index.ts";
import { doubleCredentials, type S3Double } from "../../src/testing.ts";

export const modules = { clock: new SystemClock(), random: new SystemRandom() };

export function settingsOf(double: S3Double): S3Settings {
  return {
    endpoint: double.endpoint,
    region: "eu-test-1",
    bucket: "tidewire-test",
    addressing: "path",
    credentials: doubleCredentials,
  };
}

/** With pauses short enough for tests. */
export function clientOf(double: S3Double, options: Partial<S3Options> = {}): S3Client {
  return new S3Client(settingsOf(double), modules, {
    backoff: { initialMs: 1, capMs: 5 },
    requestTimeoutMs: 5_000,
    ...options,
  });
}
