import { describe, expect, test } from "@jest/globals";
import { type CronSpec, compileDocument, defineDocument, message, type RecordOf, record, t } from "../src/index.ts";
import { CronSchedule } from "../src/runtime/cron-schedule.ts";
import { createTestDocument, Rejected } from "../src/testing.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const utc = (text: string): number => Date.parse(`${text}Z`);
const start = utc("2026-01-01T12:00");

const Run = record({ at: t.timestamp(), dueAt: t.timestamp(), by: t.string() });

type Schedules = Readonly<Record<string, string | readonly [schedule: string, timeZone: string]>>;

const state = { runs: t.table(Run), mode: t.enum("write", "throw", "reject") };

const noteRun = (name: string, given: Schedules[string]): CronSpec<RecordOf<typeof state>> => ({
  ...(typeof given === "string" ? { schedule: given } : { schedule: given[0], timeZone: given[1] }),
  run(doc, ctx, dueAt) {
    doc.runs.insert({ at: ctx.now, dueAt, by: `${name} as ${ctx.principal.agent}` });
    if (doc.mode === "throw") throw new Error("as told");
    if (doc.mode === "reject") ctx.reject("as_told");
  },
});

const diary = (schedules: Schedules, version = 1) =>
  defineDocument({
    space: "diary",
    version,
    createsOnDemand: true,
    state,
    cron: Object.fromEntries(Object.entries(schedules).map(([name, given]) => [name, noteRun(name, given)])),
    messages: (message) => ({
      set: message(record({ mode: state.mode }), (doc, { mode }) => void (doc.mode = mode)),
    }),
    migrate: { 1: () => {} },
  });

function started(schedules: Schedules) {
  const document = createTestDocument(diary(schedules), { now: start });
  const player = document.connect("alice");
  const times = (): string[] =>
    player.view.runs.map(({ at, dueAt }) => {
      const text = new Date(at).toISOString().slice(0, 16);
      return at === dueAt ? text : `${text} for ${new Date(dueAt).toISOString().slice(0, 16)}`;
    });
  return { document, player, times };
}

describe("a schedule", () => {
  const next = (schedule: string, timeZone: string, after: string, count: number): string[] => {
    const times = new CronSchedule(schedule, timeZone);
    let at = utc(after);
    return Array.from({ length: count }, () => new Date((at = times.nextAfter(at))).toISOString().slice(5, 16));
  };

  test.each([
    ["0 3 * * *", "UTC", "2026-01-01T03:00", ["01-02T03:00", "01-03T03:00"]],
    ["0 3 * * *", "Asia/Kathmandu", "2026-01-01T12:00", ["01-01T21:15", "01-02T21:15"]],
    ["*/20 9-10 * * MON-FRI", "UTC", "2026-01-02T10:30", ["01-02T10:40", "01-05T09:00"]],
    ["0 0 29 2 *", "UTC", "2026-01-01T00:00", ["02-29T00:00", "02-29T00:00"]],
    ["0 12 13 * FRI", "UTC", "2026-01-01T00:00", ["01-02T12:00", "01-09T12:00", "01-13T12:00"]],
    ["@daily", "UTC", "2026-01-01T00:00", ["01-02T00:00"]],
  ])("%s in %s", (schedule, zone, after, expected) => {
    expect(next(schedule, zone, after, expected.length)).toEqual(expected);
  });

  // Berlin: 02:00 to 03:00 is missing on 29 March and comes twice on 25 October. Lord Howe moves by half an hour.
  test.each([
    [
      "a fixed time in the gap comes at its end",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00",
      ["03-29T01:00", "03-30T00:30"],
    ],
    ["so does one of several", "30 2,14 * * *", "Europe/Berlin", "2026-03-28T20:00", ["03-29T01:00", "03-29T12:30"]],
    [
      "a time at the end of the gap comes once",
      "0 3 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00",
      ["03-29T01:00", "03-30T01:00"],
    ],
    ["steps leave the gap out", "*/30 * * * *", "Europe/Berlin", "2026-03-29T00:10", ["03-29T00:30", "03-29T01:00"]],
    [
      "steps of an hour that is missing leave the day out",
      "*/30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00",
      ["03-30T00:00"],
    ],
    [
      "a fixed time that comes twice runs the first time",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00",
      ["10-25T00:30", "10-26T01:30"],
    ],
    [
      "steps follow the clock through both",
      "*/30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T23:40",
      ["10-25T00:00", "10-25T00:30", "10-25T01:00", "10-25T01:30", "10-26T01:00"],
    ],
    ["half an hour forward", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T10:00", ["10-03T15:30", "10-04T15:15"]],
    ["half an hour back", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T10:00", ["04-04T14:45", "04-05T15:15"]],
    ["a gap at midnight", "15 0 * * *", "America/Havana", "2026-03-07T12:00", ["03-08T05:00", "03-09T04:15"]],
  ])("%s", (_name, schedule, zone, after, expected) => {
    expect(next(schedule, zone, after, expected.length)).toEqual(expected);
  });

  test.each([
    ["99 3 * * *", "UTC", /cron "nightly": "99 3 \* \* \*" is not a cron expression .*minute: 99/],
    ["0 3 * *", "UTC", /five fields/],
    ["0 0 3 * * *", "UTC", /five fields/],
    ["*/0 * * * *", "UTC", /stepping: 0/],
    ["", "UTC", /five fields/],
    ["2027-01-01T00:00:00", "UTC", /five fields/],
    ["0 0 31 2 *", "UTC", /never comes/],
    ["0 3 * * *", "Mars/Base", /cron "nightly": "Mars\/Base" is not an IANA time zone/],
    ["0 3 * * *", "+02:00", /IANA/],
  ])("%j in %s is refused where the document is defined", (schedule, zone, error) => {
    expect(() => compileDocument(diary({ nightly: [schedule, zone] }))).toThrow(error);
    expect(() => compileDocument(diary({ nightly: [schedule, zone] }))).toThrow(TypeError);
  });

  test("names, functions and counts are checked", () => {
    expect(() => compileDocument(diary({ "@x": "0 3 * * *" }))).toThrow(/cron "@x": a name is/);
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`n${index}`, "0 3 * * *"]));
    expect(() => compileDocument(diary(many))).toThrow(/more than 32 cron entries/);
    const definition = { ...diary({}), cron: { nightly: { schedule: "0 3 * * *" } } };
    expect(() => compileDocument(definition)).toThrow(/cron "nightly": run is not a function/);
  });
});

describe("an entry", () => {
  test("knows the type of its document", () => {
    defineDocument({
      space: "types",
      state: { count: t.int() },
      cron: {
        hourly: {
          schedule: "0 * * * *",
          run(doc, ctx, dueAt) {
            doc.count = ctx.now - dueAt;
            // @ts-expect-error -- a number
            doc.count = "text";
            // @ts-expect-error -- not in the state
            doc.nothing = 1;
          },
        },
      },
    });
  });

  test("runs at its times, by itself, and viewers see it", () => {
    const { document, player, times } = started({ nightly: "0 3 * * *", hourly: "30 * * * *" });
    document.advance(2 * hourMs);
    expect(times()).toEqual(["2026-01-01T12:30", "2026-01-01T13:30"]);
    document.advance(13 * hourMs + 1);
    expect(times().slice(-2)).toEqual(["2026-01-02T02:30", "2026-01-02T03:00"]);
    expect(player.view.runs.at(-1)!.by).toBe("nightly as cron");
  });

  test("gets whole milliseconds, whatever the clock of its host counts in", () => {
    const { document, times } = started({ hourly: "0 * * * *" });
    document.now += hourMs + 0.25;
    document.advance(0);
    expect(times()).toEqual(["2026-01-01T13:00"]);
  });

  test("runs once for all the times that were missed, and goes on from now", () => {
    const { document, times } = started({ hourly: "0 * * * *" });
    document.now += 3 * dayMs + 10 * minuteMs;
    document.reload();
    expect(times()).toEqual(["2026-01-04T12:10 for 2026-01-01T13:00"]);
    document.advance(hourMs);
    expect(times().slice(1)).toEqual(["2026-01-04T13:00"]);
  });

  test.each(["throw", "reject"] as const)("that fails (%s) has done nothing, and waits for its next time", (mode) => {
    const { document, player, times } = started({ hourly: "0 * * * *" });
    player.send("set", { mode });
    expect(() => document.advance(hourMs)).toThrow(Rejected);
    expect(times()).toEqual([]);
    // Not again at once, also not after a crash.
    document.advance(hourMs - 1);
    document.reload();
    player.send("set", { mode: "write" });
    document.advance(1);
    expect(times()).toEqual(["2026-01-01T14:00"]);
  });

  test("is not taken along by a failed creation", () => {
    const definition = defineDocument({
      space: "refusing",
      state: { runs: t.int() },
      cron: { hourly: { schedule: "0 * * * *", run: (doc) => void doc.runs++ } },
      onCreate: (_doc, arg) => {
        if (arg === "fail") throw new Error("as told");
      },
    });
    const document = createTestDocument(definition, { now: start });
    expect(() => document.create("alice", "fail")).toThrow(Rejected);
    document.advance(2 * hourMs);
    expect(document.exists).toBe(false);
    document.create("alice");
    document.advance(hourMs);
    expect(document.view("alice").runs).toBe(1);
  });

  test("cannot be cancelled by the number of a timer, and takes no room of timers", () => {
    const definition = defineDocument({
      space: "timers",
      createsOnDemand: true,
      state: { runs: t.int(), rings: t.int() },
      cron: { hourly: { schedule: "0 * * * *", run: (doc) => void doc.runs++ } },
      timers: { ring: (doc) => void doc.rings++ },
      messages: {
        cancel: message((_doc, _arg, ctx) => [0, 1, 2].map((id) => ctx.cancel(id))),
        ring: message((_doc, _arg, ctx) => ctx.after("1h", "ring")),
      },
    });
    const document = createTestDocument(definition, { now: start, limits: { timersMax: 1 } });
    expect(document.send("alice", "cancel")).toEqual([false, false, false]);
    document.send("alice", "ring");
    document.advance(hourMs);
    expect(document.view("alice")).toMatchObject({ runs: 1, rings: 1 });
  });
});

describe("a deploy", () => {
  const both = { nightly: "0 3 * * *", hourly: "30 * * * *" };

  test("without a change of schedules writes nothing and moves nothing", () => {
    const { document, times } = started(both);
    const { seq } = document;
    document.reload(diary(both));
    expect(document.seq).toBe(seq);
    document.advance(hourMs);
    expect(times()).toEqual(["2026-01-01T12:30"]);
  });

  test.each([1, 2])("(to version %i) with another schedule, another zone, a new and a missing entry", (version) => {
    const { document, player } = started({ ...both, gone: "0 13 * * *", moved: "0 13 * * *" });
    document.reload(
      diary(
        { nightly: "0 20 * * *", hourly: "30 * * * *", fresh: "0 18 * * *", moved: ["0 13 * * *", "America/New_York"] },
        version,
      ),
    );
    document.advance(12 * hourMs);
    const at = (name: string) =>
      player.view.runs
        .filter(({ by }) => by.startsWith(name))
        .map(({ at }) => new Date(at).toISOString().slice(11, 16));
    expect([at("nightly"), at("fresh"), at("moved"), at("gone")]).toEqual([["20:00"], ["18:00"], ["18:00"], []]);
    expect(at("hourly")).toHaveLength(12);
    // It is in the log, too.
    document.reload();
    document.advance(dayMs);
    expect([at("nightly").length, at("gone").length]).toEqual([2, 0]);
  });

  test("adds entries to documents that were made before there were any", () => {
    const { document, times } = started({});
    document.reload(diary({ hourly: "0 * * * *" }));
    document.advance(hourMs);
    expect(times()).toEqual(["2026-01-01T13:00"]);
    document.reload(diary({}));
    document.advance(dayMs);
    expect(times()).toHaveLength(1);
  });

  test("a snapshot carries them", () => {
    const now = start;
    const name = { space: "diary", key: "d" };
    const runtime = compileDocument(diary(both));
    const first = runtime.open(name, { seq: 0, isDeleted: false, patches: [] });
    first.execute({ kind: "connect", principal: { agent: "alice", authority: "test" } }, now);
    first.takePatch();
    expect(first.wakeAt).toBe(utc("2026-01-01T12:30"));
    const second = runtime.open(name, { seq: first.seq, isDeleted: false, snapshot: first.snapshot(), patches: [] });
    expect(second.wakeAt).toBe(first.wakeAt);
    expect(second.execute({ kind: "timer" }, now).status).toBe("done");
    expect(second.takePatch()).toBeUndefined();
  });
});
