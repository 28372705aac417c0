import { judge, notYet, type TargetResult } from "../benchmark.ts";

/** Of `runtime.memory`: what a viewer may take with 1,000 guarded records. */
const GUARDED_VIEWER_BYTES = 100 + 1_000 / 8;

export function runtimeTargets(summary: Readonly<Record<string, number>>): TargetResult[] {
  const row = (id: string, figure: string, name: string, target: string, note?: string): TargetResult =>
    judge(`runtime.${id}`, figure, summary[name]!, target, note);
  const bareThrow = `making and throwing an Error alone costs ${summary["rollback.bareThrow"]!.toPrecision(2)} us`;
  const threads = (name: string): string => `with a thread for each turn: ${summary[name]!.toPrecision(3)}`;
  const apart = `where no two see the same of ten changes: ${summary["different.apart.ratio"]!.toFixed(2)}`;
  const withoutLink = (name: string): string => `without the link frame: ${summary[name]!.toPrecision(3)}`;
  return [
    row("flat.10", "message, 10 hot records, 100,000 records / 10", "flat.10hot.ratio", "<= 1.5"),
    row("flat.1000", "message, 1,000 hot records, 100,000 records / 1,000", "flat.1000hot.ratio", "<= 2.5"),
    row("flat.random", "message, uniformly random, 100,000 records / 10", "flat.random.ratio", "<= 8"),
    row("class", "10,000 viewers of one class / 10", "class.ratio", "<= 3", withoutLink("class.runtime.ratio")),
    row(
      "class.looped",
      "ns per viewer of one class",
      "class.perViewerNs",
      "<= 15",
      withoutLink("class.runtime.perViewerNs"),
    ),
    row("different.hidden", "ns per viewer, all different, hidden change", "different.hidden.perViewerNs", "<= 40"),
    row("different.overlay", "own overlay among 1,000 / own walk", "different.overlay.ratio", "<= 0.45", apart),
    row("naive.1000", "view copy and diff / ours, 1,000 records", "naive.diff.1000.ratio", ">= 1000"),
    row(
      "naive.1000.library",
      "view copy and fast-json-patch / ours, 1,000 records",
      "naive.library.1000.ratio",
      ">= 1000",
    ),
    row("naive.1000.logged", "naive.1000, ours with patches for the log", "naive.logged.diff.1000.ratio", ">= 1000"),
    row("naive.10", "view copy and diff / ours, 10 records", "naive.diff.10.ratio", ">= 10"),
    row("naive.10.library", "view copy and fast-json-patch / ours, 10 records", "naive.library.10.ratio", ">= 10"),
    row("naive.10.logged", "naive.10, ours with patches for the log", "naive.logged.diff.10.ratio", ">= 10"),
    row("naive.stringify", "JSON.stringify of the view / ours, 1,000", "naive.stringify.1000.ratio", ">= 300"),
    row(
      "naive.stringify.logged",
      "the same, ours with patches for the log",
      "naive.logged.stringify.1000.ratio",
      ">= 300",
    ),
    row("peer.json", "ours in JSON / @colyseus/schema, shared state", "peer.ratio", "<= 1.0"),
    row("peer.json.logged", "the same, ours with patches for the log", "peer.logged.ratio", "<= 1.0"),
    row("peer.json.one", "the same as peer.json, one field of one record", "peer.one.ratio", "<= 2.5"),
    row("peer.json.one.logged", "the same, ours with patches for the log", "peer.logged.one.ratio", "<= 2.5"),
    notYet(
      "runtime.peer.compact",
      "ours compact / @colyseus/schema, shared state",
      "<= 0.7",
      "the compact encoding is not there yet",
    ),
    row("peer.views100", "@colyseus/schema / ours, 100 private views", "peer.views100.ratio", ">= 10"),
    row("peer.views1000", "@colyseus/schema / ours, 1,000 private views", "peer.views1000.ratio", ">= 30"),
    row("rollback", "throw and roll back / commit", "rollback.ratio", "<= 2.5"),
    row("rollback.reject", "reject and roll back / commit", "rollback.reject.ratio", "<= 2.5"),
    row("rollback.new", "make an Error, throw, roll back / commit", "rollback.throwNew.ratio", "<= 2.5", bareThrow),
    row("lag.time", "delivery 100 commits behind / 1 behind, 20 hot", "lag.time.ratio", "<= 5"),
    row("lag.bytes", "delta 100 commits behind / snapshot", "lag.bytes.ratio", "<= 0.01"),
    row("memory.fresh", "record before its first change / plain object", "memory.fresh.ratio", "<= 1.3"),
    row("memory.changed", "record after its first change / plain object", "memory.changed.ratio", "<= 1.9"),
    row("memory.viewer", "bytes per viewer of one class", "memory.viewerBytes", "<= 100"),
    row(
      "memory.guarded",
      "bytes per viewer, 1,000 guarded records, all different",
      "memory.guardedViewerBytes",
      `<= ${GUARDED_VIEWER_BYTES}`,
    ),
    row(
      "guard",
      "us per message of the guard, 64 per turn",
      "guard.perMessageUs",
      "<= 1",
      threads("guard.threads.perMessageUs"),
    ),
    row(
      "guard.oneCore",
      "the same, on one core",
      "guard.oneCore.perMessageUs",
      "<= 1",
      threads("guard.oneCore.threads.perMessageUs"),
    ),
  ];
}
