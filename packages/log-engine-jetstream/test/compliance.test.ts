import { afterAll, beforeAll, describe, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { defaultLogLimits, type LogEngine } from "@tidewire/log-engine";
import { logEngineCompliance } from "@tidewire/log-engine/compliance";
import { openJetStreamLogEngine } from "../src/index.ts";
import { currentServer, isMissing, type NatsBinary, NatsProcess, oldServer } from "../src/testing/index.ts";

suite("a current server", currentServer);
suite("the server of Debian 12 (2.9.10), one replica", oldServer);

function suite(what: string, binary: NatsBinary | undefined): void {
  if (isMissing(binary, what)) {
    describe.skip(what, () => test("is not installed", () => {}));
    return;
  }
  describe(`with ${what}`, () => {
    let server: NatsProcess;
    let spaces = 0;
    beforeAll(async () => {
      server = await NatsProcess.start(binary);
    });
    afterAll(() => server.remove());

    logEngineCompliance(
      "The JetStream log engine",
      async (given = {}) => {
        const limits = { ...defaultLogLimits, ...given };
        const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
        // Few streams: each test has a log of its own.
        const settings = { access: { servers: [server.url] }, namespace: `test${spaces++}`, partitions: 2, limits };
        let engine = await openJetStreamLogEngine(settings, modules);
        return {
          engine,
          limits,
          reopen: async (): Promise<LogEngine> => {
            await engine.close();
            engine = await openJetStreamLogEngine(settings, modules);
            return engine;
          },
          stop: () => engine.close(),
        };
      },
      { isDurable: true, keepsHistory: false },
    );
  });
}
