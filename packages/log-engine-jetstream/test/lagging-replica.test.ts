import { describe, expect, test } from "@jest/globals";
import { headers, type Msg, type NatsConnection } from "@nats-io/nats-core";
import { SystemClock } from "@tidewire/foundation";
import { SubjectReader } from "../src/subject-reader.ts";
import { currentServer, isMissing } from "../src/testing/index.ts";
import { Bench } from "./support/bench.ts";

const bench = new Bench();
/** Where JetStream is not, something else may answer for it. */
const withoutJetStream = ["jetstream: disabled"];

/**
 * A leader that is at `leaderSeq`, and a replica whose answers are those of one that is at each of `replicaSeqs` in turn: no
 * real one can be made to lag when it is asked and to follow later.
 */
class TwoReplicas {
  readonly #replicaSeqs: number[];
  asks = 0;

  constructor(nc: NatsConnection, leaderSeq: number, replicaSeqs: readonly number[]) {
    this.#replicaSeqs = [...replicaSeqs];
    nc.subscribe("$JS.API.INFO", { callback: (_, message) => void message.respond("{}") });
    const info = JSON.stringify({ state: { last_seq: leaderSeq } });
    nc.subscribe("$JS.API.STREAM.INFO.S", { callback: (_, message) => void message.respond(info) });
    nc.subscribe("$JS.API.DIRECT.GET.S", { callback: (_, message) => this.#answer(message) });
  }

  #answer(message: Msg): void {
    this.asks++;
    const upTo = this.#replicaSeqs.shift();
    if (upTo === undefined) return;
    const asked = message.json<{ readonly multi_last: readonly string[] }>().multi_last;
    for (const subject of asked) {
      const found = headers();
      found.set("Nats-Subject", subject);
      found.set("Nats-Sequence", String(upTo));
      found.set("Nats-Time-Stamp", new Date().toISOString());
      message.respond("", { headers: found });
    }
    const end = headers(204, "EOB");
    end.set("Nats-UpTo-Sequence", String(upTo));
    message.respond("", { headers: end });
  }
}

if (isMissing(currentServer, "a current server")) describe.skip("a replica", () => test("is not installed", () => {}));
else {
  const binary = currentServer;
  const ask = async (
    leaderSeq: number,
    replicaSeqs: readonly number[],
    isReplicated = true,
  ): Promise<{ found: (number | undefined)[]; asks: number }> => {
    const server = await bench.start(binary, { lines: withoutJetStream });
    const nc = await bench.connect(server);
    const replicas = new TwoReplicas(nc, leaderSeq, replicaSeqs);
    await nc.flush();
    const link = await bench.link(server);
    const reader = new SubjectReader({ link, clock: new SystemClock(), silenceMs: 200 });
    const lasts = await reader.lasts("S", ["a", "b"], isReplicated);
    return { found: ["a", "b"].map((subject) => lasts?.get(subject)?.seq), asks: replicas.asks };
  };

  describe("newest messages, of a replica", () => {
    test("that has all its leader has, or more, are taken", async () => {
      expect(await ask(7, [7])).toEqual({ found: [7, 7], asks: 1 });
      expect(await ask(7, [9])).toEqual({ found: [9, 9], asks: 1 });
    });

    test("that lags behind are asked for again until it has followed", async () => {
      expect(await ask(7, [5, 6, 7])).toEqual({ found: [7, 7], asks: 3 });
    });

    test("that stays behind are not taken: the leader is asked", async () => {
      expect(await ask(7, [6, 6, 6, 6, 6, 6, 6])).toEqual({ found: [undefined, undefined], asks: 4 });
    });

    test("that does not answer are left to the leader", async () => {
      expect(await ask(7, [])).toEqual({ found: [undefined, undefined], asks: 1 });
    });

    test("that is the only one are taken as they are", async () => {
      expect(await ask(7, [6], false)).toEqual({ found: [6, 6], asks: 1 });
    });
  });
}
