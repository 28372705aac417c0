import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { TidewireDocument } from "../src/index.ts";
import { World } from "./support/world.ts";

/**
 * Random weather: connections cut, silenced, closed and drained at any moment, frames lost, changed and repeated, answers
 * withheld and refused. When it clears, every view is the server's and every send has happened exactly once.
 */
const numRuns = Number(process.env["TIDEWIRE_PROPERTY_RUNS"] ?? 60);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      message: fc.constantFrom("add", "set", "deal", "shuffle", "drop"),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      message: fc.constantFrom("add", "deal", "shuffle", "drop"),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 5, 40, 700, 4_000, 12_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cutAfter" as const), frames: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("blackhole" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("drain" as const), ms: fc.constantFrom(0, 50, 3_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("tamper" as const),
      how: fc.constantFrom("lose", "change", "repeat", "break"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("refuse" as const),
      code: fc.constantFrom("overloaded", "timeout", "moving"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("swallow" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("close" as const), code: fc.constantFrom(4000, 4408, 4410, 1012) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("latency" as const), ms: fc.constantFrom(1, 15, 60, 120) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("viewState" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hashes" as const), every: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Storm {
  readonly world: World;
  readonly watched: TidewireDocument[];
  readonly sends: Promise<{ seq: number }>[] = [];
  readonly shown: { readonly seq: number; readonly status: string }[] = [];
  #labels = 0;
  #zoom = 0;

  constructor(seed: number, latencyMs: number) {
    this.world = new World({ seed, limits: { sendTimeoutMs: 3_600_000 } });
    this.world.network.latencyMs = latencyMs;
    this.world.server.document("game/g2");
    this.watched = [
      this.world.client.document("game", "g1"),
      this.world.client.document("game", "g2", { viewState: { zoom: 0 } }),
    ];
    for (const document of this.watched) document.subscribe(() => {});
    this.watched[0]!.onChange(({ seq, status }) => this.shown.push({ seq, status }));
  }

  async run(step: Step): Promise<void> {
    const { world } = this;
    const session = [...world.server.sessions].at(-1);
    switch (step.kind) {
      case "send":
        this.#send(step.message);
        return;
      case "change":
        return world.server.change("game/g1", step.message, argOf(step.message));
      case "pass":
        return world.pass(step.ms);
      case "cut":
        return world.network.cut();
      case "cutAfter":
        for (const socket of world.network.sockets) socket.framesLeft = step.frames;
        return;
      case "blackhole":
        return world.network.blackhole();
      case "drain":
        return session?.drain(step.ms, "ticket:t");
      case "tamper":
        return this.#tamper(step.how);
      case "refuse":
      case "swallow":
        return this.#interceptOnce(step.kind === "refuse" ? step.code : undefined);
      case "close":
        return session?.close(step.code);
      case "latency":
        // Of the next connection: this one stays as it is.
        world.network.latencyMs = step.ms;
        return;
      case "viewState":
        this.watched[1]!.updateViewState({ zoom: ++this.#zoom }).catch(() => undefined);
        return;
      case "hashes":
        world.server.hashEvery = step.every;
    }
  }

  /** Fair weather again, long enough for every backoff and deadline, and one last change that carries a hash. */
  async clear(): Promise<void> {
    const { server } = this.world;
    server.tamper = (frame) => frame;
    server.intercept = () => undefined;
    server.hashEvery = true;
    await this.world.pass(120_000);
    for (const path of ["game/g1", "game/g2"]) server.change(path, "set", { text: "clear" });
    await this.world.pass(30_000);
  }

  #send(message: string): void {
    const label = `l${this.#labels++}`;
    this.sends.push(this.watched[0]!.send(message, { ...argOf(message), label }) as Promise<{ seq: number }>);
  }

  #tamper(how: "lose" | "change" | "repeat" | "break"): void {
    const { server } = this.world;
    let last: object | undefined;
    let left = 1;
    server.tamper = (frame) => {
      const { delta } = frame as { delta?: object };
      if (delta === undefined || left === 0) return frame;
      const before = last;
      last = frame;
      if (how === "repeat" && before === undefined) return frame;
      left--;
      if (how === "lose") return undefined;
      if (how === "change") return { delta: { ...delta, value: -1 } };
      if (how === "break") return { delta: { ...delta, cards: { "@o": [[0, 99]] } } };
      return before;
    };
  }

  #interceptOnce(code: string | undefined): void {
    let left = 1;
    this.world.server.intercept = (_, { method }) => {
      const isTarget = method === "message/send" || (code !== undefined && method === "connection/create");
      if (!isTarget || left === 0) return undefined;
      left--;
      return code === undefined ? "none" : { error: { code, message: "", retryable: true, retryAfterMs: 300 } };
    };
  }
}

function argOf(message: string): Record<string, number | string> {
  return message === "add" ? { by: 1 } : message === "set" ? { text: "s" } : message === "deal" ? { rank: 1 } : {};
}

test("after any weather every view converges and every send has happened once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.nat(),
      fc.constantFrom(1, 15, 120),
      async (steps, seed, latencyMs) => {
        const storm = new Storm(seed, latencyMs);
        const { world } = storm;
        try {
          for (const step of steps) await storm.run(step);
          await storm.clear();
          for (const [index, path] of ["game/g1", "game/g2"].entries()) {
            const document = storm.watched[index]!;
            const { echo, ...view } = document.state.view as Record<string, unknown>;
            expect(document.state.status).toBe("live");
            expect(view).toEqual(world.server.document(path).view(undefined).value);
            if (index === 1) expect(echo).toEqual({ zoom: expect.any(Number) });
          }
          const seqs = (await Promise.all(storm.sends)).map(({ seq }) => seq);
          expect(new Set(seqs).size).toBe(storm.sends.length);
          expect([...world.server.document("game/g1").executed.values()]).toEqual(storm.sends.map(() => 1));
          // Seq never goes back in what is shown, in any weather: neither snapshot nor hand-over shows an older state.
          const shown = storm.shown.map(({ seq }) => seq);
          expect(shown).toEqual(shown.toSorted((a, b) => a - b));
          expect(world.server.violations).toEqual([]);
        } finally {
          world.client.close();
        }
      },
    ),
    { numRuns },
  );
}, 600_000);
