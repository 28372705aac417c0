import {
  S3Client as AwsS3Client,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock, type Timer } from "@tidewire/foundation";
import { defaultS3Options, S3Client, S3Error } from "../src/index.ts";
import { objectUrl } from "../src/s3/s3-settings.ts";
import { doubleCredentials, S3Double, type S3Fault } from "../src/testing.ts";
import { clientOf, modules, settingsOf } from "./support/s3-servers.ts";

let double: S3Double;
beforeEach(async () => {
  double = await new S3Double({ pageMax: 3 }).start();
});
afterEach(() => double.stop());

/** The first requests get these, one each. */
function faults(...planned: S3Fault[]): void {
  double.fault = () => planned.shift();
}

/** Time passes in pauses only, and at once. */
class ClockOfPauses extends ManualClock {
  readonly pausesMs: number[] = [];

  override after(delayMs: number, callback: () => void): Timer {
    const timer = super.after(delayMs, callback);
    if (delayMs === defaultS3Options.requestTimeoutMs) return timer;
    this.pausesMs.push(delayMs);
    queueMicrotask(() => this.advance(delayMs));
    return timer;
  }
}

const busy: S3Fault = { kind: "status", status: 503, code: "SlowDown" };

async function keysOf(client: S3Client, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of client.list(prefix)) keys.push(key);
  return keys;
}

describe("requests", () => {
  test("store, read, list over pages, and remove", async () => {
    const s3 = clientOf(double);
    for (let n = 0; n < 7; n++) expect(await s3.put(`a/b${n}.part`, Buffer.from(`body ${n}`))).toBe("stored");
    await s3.put("a/c/d", Buffer.alloc(0));
    expect((await s3.get("a/b3.part"))?.toString()).toBe("body 3");
    expect(await keysOf(s3, "a/b")).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `a/b${n}.part`));
    expect(await s3.folders("a/")).toEqual(["c"]);
    await s3.remove("a/b3.part");
    await s3.remove("a/b3.part");
    expect(await s3.get("a/b3.part")).toBeUndefined();
    expect(s3.retries).toBe(0);
  });

  test("a condition is honoured where the server honours it", async () => {
    const s3 = clientOf(double);
    expect(await s3.put("once", Buffer.from("1"), { onlyIfAbsent: true })).toBe("stored");
    expect(await s3.put("once", Buffer.from("2"), { onlyIfAbsent: true })).toBe("exists");
    expect((await s3.get("once"))?.toString()).toBe("1");
  });

  test("a wrong secret is refused at once, and is not in the error", async () => {
    const credentials = { ...doubleCredentials, secretAccessKey: "wrong-secret" };
    const s3 = new S3Client({ ...settingsOf(double), credentials }, modules);
    const refused = s3.put("x", Buffer.from("1"));
    await expect(refused).rejects.toMatchObject({ name: "S3Error", status: 403, code: "SignatureDoesNotMatch" });
    await refused.catch((error: S3Error) =>
      expect(JSON.stringify([error.message, error.stack])).not.toContain("wrong-secret"),
    );
    expect(double.requests).toHaveLength(1);
    expect(double.objects.size).toBe(0);
  });

  test("a checksum that does not fit the body is refused by the server", async () => {
    const refused = clientOf(double).put("x", Buffer.from("1"), { sha256: "0".repeat(64) });
    await expect(refused).rejects.toMatchObject({ status: 403, code: "XAmzContentSHA256Mismatch" });
  });
});

describe("attempts", () => {
  test.each<[string, S3Fault]>([
    ["503", busy],
    ["500", { kind: "status", status: 500, code: "InternalError" }],
    ["429", { kind: "status", status: 429, code: "TooManyRequests" }],
    ["409", { kind: "status", status: 409, code: "ConditionalRequestConflict" }],
    ["a stalled answer", { kind: "stall" }],
    ["an answer cut off", { kind: "cut" }],
    ["a lost answer", { kind: "lost-answer" }],
    ["an answer that comes a byte at a time", { kind: "drip" }],
    ["an error in a 200", { kind: "error-in-200", code: "InternalError" }],
  ])("go on after %s", async (_, fault) => {
    const s3 = clientOf(double, { requestTimeoutMs: 200 });
    await s3.put("key", Buffer.from("a body of some length"));
    faults(fault, fault);
    expect((await s3.get("key"))?.toString()).toBe("a body of some length");
    faults(fault);
    await s3.put("other", Buffer.from("stored once"));
    expect(double.objects.get("other")?.body.toString()).toBe("stored once");
    expect(s3.retries).toBe(fault.kind === "cut" ? 2 : 3);
  });

  test("end after the last one, with the reason", async () => {
    double.fault = () => busy;
    const s3 = clientOf(double, { attemptsMax: 3 });
    await expect(s3.get("key")).rejects.toThrow(new S3Error("GET key", 503, "SlowDown"));
    expect(double.requests).toHaveLength(3);
  });

  test("end with what a 200 said that was none", async () => {
    double.fault = () => ({ kind: "error-in-200", code: "InternalError" });
    const s3 = clientOf(double, { attemptsMax: 2 });
    await expect(s3.put("key", Buffer.from("1"))).rejects.toThrow(new S3Error("PUT key", 200, "InternalError"));
    expect(double.requests).toHaveLength(2);
    expect(double.objects.size).toBe(0);
  });

  test("do not hide an object that begins like an error: it may be what a user has written", async () => {
    const s3 = clientOf(double);
    const body = Buffer.from("<Error><Code>InternalError</Code></Error>");
    await s3.put("key", body);
    expect(await s3.get("key")).toEqual(body);
    expect(s3.retries).toBe(2);
  });

  test("of minutes of 503 come at growing distances, up to the cap, and the next request begins anew", async () => {
    double.fault = () => busy;
    const clock = new ClockOfPauses();
    const s3 = new S3Client(settingsOf(double), { ...modules, clock }, { attemptsMax: 12 });
    for (let request = 1; request <= 2; request++) {
      clock.pausesMs.length = 0;
      await expect(s3.get("key")).rejects.toMatchObject({ status: 503, code: "SlowDown" });
      expect(double.requests).toHaveLength(12 * request);
      expect(clock.pausesMs).toHaveLength(11);
      for (const [index, pauseMs] of clock.pausesMs.entries()) {
        const meantMs = Math.min(10_000, 200 * 2 ** index);
        expect([index, pauseMs >= meantMs * 0.5, pauseMs <= meantMs * 1.5]).toEqual([index, true, true]);
      }
      // Not in step with all the others that were refused.
      expect(new Set(clock.pausesMs).size).toBe(11);
    }
  });

  test("are not made elsewhere: a redirect is told as what it is, without what its query says", async () => {
    const other = await new S3Double().start();
    double.fault = () => ({ kind: "redirect", location: `${other.endpoint}/bucket/key?X-Amz-Signature=hush` });
    const refused = clientOf(double).put("key", Buffer.from("1"));
    await expect(refused).rejects.toMatchObject({ status: 307, code: "TemporaryRedirect" });
    await expect(refused).rejects.toThrow(`a redirect to ${new URL(other.endpoint).host}: correct s3.endpoint`);
    await expect(refused).rejects.not.toThrow("hush");
    expect([double.requests.length, other.requests.length]).toEqual([1, 0]);
    await other.stop();
  });

  test("are not made again for an ETag that is not of the body: encrypted objects have such ones", async () => {
    double.fault = () => ({ kind: "other-etag" });
    const s3 = clientOf(double);
    await s3.put("key", Buffer.from("body"));
    expect([(await s3.get("key"))?.toString(), double.requests.length]).toEqual(["body", 2]);
  });

  test("are not wasted on a refusal", async () => {
    faults({ kind: "status", status: 403, code: "AccessDenied" });
    await expect(clientOf(double).get("key")).rejects.toMatchObject({ status: 403 });
    expect(double.requests).toHaveLength(1);
  });

  test("end when the client is closed, also one that is stalled", async () => {
    double.fault = () => ({ kind: "stall" });
    const s3 = clientOf(double, { requestTimeoutMs: 60_000 });
    const stalled = s3.get("key");
    const arrived = new Promise<void>((resolve) => {
      double.fault = () => {
        resolve();
        return { kind: "stall" };
      };
    });
    await arrived;
    s3.close();
    await expect(stalled).rejects.toMatchObject({ code: "closed" });
    await expect(s3.get("key")).rejects.toMatchObject({ code: "closed" });
  });

  test("an answer beyond the limit is refused", async () => {
    const s3 = clientOf(double, { answerMaxBytes: 1_000, attemptsMax: 1 });
    await s3.put("large", Buffer.alloc(2_000));
    await expect(s3.get("large")).rejects.toMatchObject({ code: "network" });
  });
});

describe("settings", () => {
  test.each([
    ["endpoint", "s3.example.com", "s3.endpoint"],
    ["endpoint", "https://s3.example.com/bucket", "s3.endpoint"],
    ["endpoint", "ftp://s3.example.com", "s3.endpoint"],
    ["bucket", "Upper", "s3.bucket"],
  ])("%s %s is refused", (name, value, text) => {
    expect(() => new S3Client({ ...settingsOf(double), [name]: value }, modules)).toThrow(text);
  });

  test("the bucket stands in the path, or before the host", () => {
    const settings = { ...settingsOf(double), endpoint: "https://s3.example.com:9000", bucket: "store" };
    expect(objectUrl({ ...settings, addressing: "path" }, "a/b").href).toBe("https://s3.example.com:9000/store/a/b");
    expect(objectUrl({ ...settings, addressing: "virtual-host" }, "a/b").href).toBe(
      "https://store.s3.example.com:9000/a/b",
    );
  });
});

describe("the double, seen by another client", () => {
  test("does what the AWS SDK expects of S3", async () => {
    const { endpoint, region } = settingsOf(double);
    const aws = new AwsS3Client({ endpoint, region, credentials: doubleCredentials, forcePathStyle: true });
    const Bucket = "tidewire-test";
    for (const Key of ["p/1", "p/2", "p/q/3", "p/q/4", "p/5 ü"]) {
      await aws.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }));
    }
    const read = await aws.send(new GetObjectCommand({ Bucket, Key: "p/2", Range: "bytes=0-3" }));
    expect(await read.Body?.transformToString()).toBe("body");
    expect((await aws.send(new HeadObjectCommand({ Bucket, Key: "p/1" }))).ContentLength).toBe(11);
    const first = await aws.send(new ListObjectsV2Command({ Bucket, Prefix: "p/", Delimiter: "/" }));
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(["p/1", "p/2", "p/5 ü"]);
    expect(first.IsTruncated).toBe(true);
    const ContinuationToken = first.NextContinuationToken;
    const second = await aws.send(
      new ListObjectsV2Command({ Bucket, Prefix: "p/", Delimiter: "/", ContinuationToken }),
    );
    expect(second.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(["p/q/"]);
    const again = new PutObjectCommand({ Bucket, Key: "p/1", Body: "x", IfNoneMatch: "*" });
    await expect(aws.send(again)).rejects.toMatchObject({ name: "PreconditionFailed" });
    await aws.send(new DeleteObjectCommand({ Bucket, Key: "p/1" }));
    await expect(aws.send(new GetObjectCommand({ Bucket, Key: "p/1" }))).rejects.toMatchObject({ name: "NoSuchKey" });
    // And what one client writes, the other reads.
    expect((await clientOf(double).get("p/q/3"))?.toString()).toBe("body of p/q/3");
    aws.destroy();
  });
});
