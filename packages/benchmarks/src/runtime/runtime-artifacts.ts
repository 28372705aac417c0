import type { Artifacts, BenchmarkResult } from "../benchmark.ts";
import { markdownTable, rounded } from "../shared/markdown-table.ts";

/** What the times in the report are times of; the ratios of the targets are made of them. */
const TIMES: Readonly<Record<string, string>> = {
  "flat.10hot.10": "10 records, all hot",
  "flat.10hot.100000": "100,000 records, 10 hot",
  "flat.1000hot.1000": "1,000 records, all hot",
  "flat.1000hot.100000": "100,000 records, 1,000 hot",
  "flat.random.100000": "100,000 records, all hot",
  "class.10": "10 viewers of one class, with the link frame",
  "class.10000": "10,000 viewers of one class, with the link frame",
  "different.hidden.1000": "1,000 viewers, each sees its own records",
  "different.overlay.1000": "1,000 viewers, all see the changes, one of them through a policy of their own",
  "naive.ours.10": "10 records: transaction and delta, without a log",
  "naive.diff.10": "10 records: view copy, diff, JSON of the diff",
  "naive.library.10": "10 records: view copy, fast-json-patch, JSON of the patch",
  "naive.diff.1000": "1,000 records: view copy, diff, JSON of the diff",
  "naive.library.1000": "1,000 records: view copy, fast-json-patch, JSON of the patch",
  "naive.stringify.1000": "1,000 records: JSON.stringify of the view",
  "naive.logged.ours.1000.hashed": "1,000 records, with a view hash in every frame",
  "peer.ours.commit": "1,000 records: transaction alone",
  "peer.logged.ours.commitAndPatch": "1,000 records: transaction and patch for the log",
  "peer.ours": "1,000 records: transaction and delta, without a log",
  "peer.logged.ours": "1,000 records: transaction, patch, delta",
  "peer.colyseus": "1,000 records: @colyseus/schema, changes and patch",
  "peer.one.ours": "1,000 records, one field of one changes: transaction and delta, without a log",
  "peer.logged.one.ours": "1,000 records, one field of one changes: transaction, patch, delta",
  "peer.one.colyseus": "1,000 records, one field of one changes: @colyseus/schema, change and patch",
  "peer.views100.ours": "100 private views",
  "peer.views100.colyseus": "100 private views: @colyseus/schema",
  "peer.views1000.ours": "1,000 private views",
  "peer.views1000.colyseus": "1,000 private views: @colyseus/schema",
  "rollback.commit": "a handler that succeeds: transaction alone",
  "rollback.throw": "a handler that throws after its changes, an Error made before",
  "rollback.throwNew": "a handler that throws a new Error after its changes",
  "rollback.reject": "a handler that rejects after its changes",
  "rollback.bareThrow": "making, throwing and catching an Error alone",
  "lag.1": "the delivery alone, 1 commit behind",
  "lag.100": "the delivery alone, 100 commits behind",
};

export function runtimeArtifacts({ summary }: BenchmarkResult): Artifacts {
  const rows = Object.entries(TIMES).map(([name, words]) => [words, name, rounded(summary[name]!)]);
  return { tables: markdownTable(["CPU of one message", "figure", "us"], rows) };
}
