import { diffViews, viewOf } from "@tidewire/delta";
import { compileDocument, type DocumentInstance, defineDocument, record, t } from "../src/index.ts";

// CPU time of the runtime alone: commit, walk and fan-out, beside "make the view and diff it". Prints one line per figure.

const principal = { agent: "bench", authority: "dev" };
const fieldsPerRecord = 8;
const changesPerMessage = 5;

function newInstance(records: number, guarded: "none" | "rows"): DocumentInstance {
  const row = record({
    name: t.string(),
    city: t.string(),
    note: t.string(),
    a: t.int(),
    b: t.int(),
    c: t.int(),
    d: t.int(),
    isOn: t.boolean(),
  });
  const definition = defineDocument({
    space: "bench",
    createsOnDemand: true,
    state: {
      rows: t.map(guarded === "rows" ? row.visibleTo((one, viewer) => one.name === viewer.principal.agent) : row),
    },
    messages: (message) => ({
      fill: message(t.int(), (doc, count) => {
        for (let index = 0; index < count; index++) {
          doc.rows.set(`r${index}`, {
            name: `agent${index}`,
            city: "Utrecht",
            note: "some words that stand here",
            a: index,
            b: 2,
            c: 3,
            d: 4,
            isOn: true,
          });
        }
      }),
      touch: message((doc, _arg, ctx) => {
        touch(doc, ctx.random.bits());
      }),
      fail: message((doc, _arg, ctx) => {
        touch(doc, ctx.random.bits());
        throw new Error("rolled back");
      }),
    }),
  });
  const instance = compileDocument(definition, {
    stateMaxBytes: 1e9,
    writesMax: 1e7,
    viewersMax: 1e6,
    viewMaxBytes: 1e9,
  }).open({ space: "bench", key: "k" }, { seq: 0, isDeleted: false, patches: [] });
  instance.execute({ kind: "message", principal, message: "fill", arg: String(records) }, 1);
  instance.takePatch();
  return instance;
}

let hot = 10;
let size = 10;
let turn = 0;

// oxlint-disable-next-line typescript/no-explicit-any -- the document of the definition above
function touch(doc: any, seed: number): void {
  for (let change = 0; change < changesPerMessage; change++) {
    const index = (seed + change * 7_919) % Math.min(hot, size);
    doc.rows.get(`r${index}`).a = ++turn;
  }
}

const run = { kind: "message", principal, message: "touch" } as const;
const fail = { kind: "message", principal, message: "fail" } as const;

function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Microseconds of CPU per call, median of rounds. */
function measure(times: number, step: () => void, rounds = 9): number {
  for (let count = 0; count < times; count++) step();
  return median(
    Array.from(
      { length: rounds },
      () =>
        cpuMicroseconds(() => {
          for (let count = 0; count < times; count++) step();
        }) / times,
    ),
  );
}

function print(name: string, value: number, unit = "us"): void {
  console.log(`${name.padEnd(56)} ${value.toFixed(3).padStart(12)} ${unit}`);
}

function flat(): void {
  for (const [records, hotRecords] of [
    [10, 10],
    [1_000, 10],
    [100_000, 10],
    [1_000, 1_000],
    [100_000, 1_000],
    [100_000, 100_000],
  ] as const) {
    size = records;
    hot = hotRecords;
    const instance = newInstance(records, "none");
    instance.attach({ id: "v", principal, hashEvery: false, credit: 1e9 });
    const sink = (): void => {};
    instance.deliver(0, sink);
    const commit = measure(4_000, () => void instance.execute(run, 1));
    instance.takePatch();
    instance.deliver(0, sink);
    const withPatch = measure(4_000, () => {
      instance.execute(run, 1);
      instance.takePatch();
    });
    instance.deliver(0, sink);
    const whole = measure(4_000, () => {
      instance.execute(run, 1);
      instance.takePatch();
      instance.deliver(0, sink);
    });
    const rollback = measure(2_000, () => void instance.execute(fail, 1));
    print(`n=${records} hot=${hotRecords}: commit`, commit);
    print(`n=${records} hot=${hotRecords}: commit + patch`, withPatch);
    print(`n=${records} hot=${hotRecords}: commit + patch + delta`, whole);
    print(`n=${records} hot=${hotRecords}: throw and roll back`, rollback);
  }
}

function fanOut(): void {
  for (const viewers of [10, 10_000]) {
    size = 1_000;
    hot = 10;
    const instance = newInstance(1_000, "none");
    for (let index = 0; index < viewers; index++) {
      instance.attach({
        id: `v${index}`,
        principal: { agent: `agent${index}`, authority: "dev" },
        hashEvery: false,
        credit: 1e9,
      });
    }
    instance.deliver(0, () => {});
    const cost = measure(viewers > 1_000 ? 100 : 2_000, () => {
      instance.execute(run, 1);
      instance.takePatch();
      instance.deliver(0, () => {});
    });
    print(`one class, ${viewers} viewers: commit to frames`, cost);
  }
  for (const viewers of [100, 1_000]) {
    size = 1_000;
    hot = 10;
    const instance = newInstance(1_000, "rows");
    for (let index = 0; index < viewers; index++) {
      instance.attach({
        id: `v${index}`,
        principal: { agent: `agent${index + 500}`, authority: "dev" },
        hashEvery: false,
        credit: 1e9,
      });
    }
    instance.deliver(0, () => {});
    const cost = measure(50, () => {
      instance.execute(run, 1);
      instance.takePatch();
      instance.deliver(0, () => {});
    });
    print(`all different, change hidden from all, ${viewers}: per viewer`, (cost * 1_000) / viewers, "ns");
  }
}

function naive(): void {
  size = 1_000;
  hot = 10;
  const instance = newInstance(1_000, "none");
  let { json } = instance.view(principal);
  const plain = (): ReturnType<typeof viewOf> => viewOf(JSON.parse(Buffer.from(json).toString()), 1);
  let before = plain();
  const cost = measure(20, () => {
    instance.execute(run, 1);
    instance.takePatch();
    json = instance.view(principal).json;
    const after = plain();
    JSON.stringify(diffViews(before, after));
    before = after;
  });
  print("n=1000: commit + view + diff", cost);
}

console.log(`${fieldsPerRecord} fields a record, ${changesPerMessage} changes a message, CPU time, medians of 9`);
const parts: Readonly<Record<string, () => void>> = { flat, fanOut, naive };
for (const part of process.argv[2]?.split(",") ?? Object.keys(parts)) parts[part]!();
