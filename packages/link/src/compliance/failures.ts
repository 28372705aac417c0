import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type MetricsSink, ServiceError } from "@tidewire/foundation";
import { connected, Later, type LinkHarness, rejection } from "./harness.ts";
import { MetricsRecorder } from "./metrics-recorder.ts";
import { echo, Opener, parcel, Server, watch } from "./test-service.ts";

export interface FailuresSubject {
  readonly name: string;
  /** Both transports publish there. */
  create(metrics: MetricsSink): LinkHarness;
}

/** That a transport counts what fails on its connections, by code. */
export function testLinkFailures(subject: FailuresSubject): void {
  describe(`failures on the ${subject.name} link`, () => {
    let metrics: MetricsRecorder;
    let harness: LinkHarness;
    beforeEach(() => {
      metrics = new MetricsRecorder();
      harness = subject.create(metrics);
    });
    afterEach(() => harness.close());

    const failures = (side: string, what: string, code: string): number =>
      metrics.value(`tidewire_link_failures_total{side=${side},what=${what},code=${code}}`);

    it("are counted on both sides by the code of the answer", async () => {
      const server = new Server();
      const { connection } = await connected(harness, (services) => {
        services.unary(echo, (request) => {
          if (request.number === 0) throw new ServiceError("not_owner", "elsewhere");
          return request;
        });
        services.stream(watch, server.handler);
      });
      await harness.until(
        Promise.all([0, 0, 1].map((number) => connection.call(echo, parcel(number)).catch(() => {}))),
      );
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      await harness.until(server.opened());
      server.stream.end(new ServiceError("moving", "soon"));
      await harness.until(opener.ended.promise);
      connection.open(watch, parcel(2), new Opener()).cancel();
      await harness.until(connection.close());
      await harness.close();
      for (const side of ["dialling", "listening"]) {
        expect(failures(side, "call", "not_owner")).toBe(2);
        expect(failures(side, "stream", "moving")).toBe(1);
      }
      expect(metrics.keys("tidewire_link_failures_total")).toHaveLength(4);
    });

    it("are counted where they were seen, if there was no answer", async () => {
      const server = new Server();
      const never = new Later<never>();
      const { connection } = await connected(harness, (services) => {
        services.unary(echo, () => never.promise);
        services.stream(watch, server.handler);
      });
      const late = rejection(connection.call(echo, parcel(1), { deadlineMs: 1 }));
      expect(await harness.until(late)).toMatchObject({ code: "timeout" });
      const cut = rejection(connection.call(echo, parcel(2)));
      const opener = new Opener();
      connection.open(watch, parcel(1), opener);
      await harness.until(server.opened());
      harness.sever();
      expect(await harness.until(cut)).toMatchObject({ code: "unavailable" });
      await harness.until(opener.ended.promise);
      await harness.until(server.when(() => !server.stream.isOpen));
      await harness.close();
      expect(failures("dialling", "call", "timeout")).toBe(1);
      expect(failures("dialling", "call", "unavailable")).toBe(1);
      expect(failures("dialling", "stream", "unavailable")).toBe(1);
      expect(failures("listening", "stream", "unavailable")).toBe(1);
      expect(failures("listening", "call", "unavailable")).toBe(0);
    });
  });
}
