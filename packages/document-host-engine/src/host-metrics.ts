import type { MetricsSink, ServiceError } from "@tidewire/foundation";

const SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Every metric of a document host, declared once. */
export function hostMetrics(sink: MetricsSink) {
  const name = (what: string): string => `tidewire_document_host_${what}`;
  return {
    documents: sink.gauge(name("documents"), "Documents in memory"),
    viewers: sink.gauge(name("viewers"), "Viewers connected"),
    commandsWaiting: sink.gauge(name("commands_waiting"), "Commands without an answer yet"),
    copyBytes: sink.gauge(name("durable_copy_bytes"), "Bytes kept to serve reads while the log is away"),
    commands: sink.counter(name("commands_total"), "Commands by what became of them", ["kind", "status"]),
    limits: sink.counter(name("limits_total"), "Commands, reads and viewers refused at a limit, by its option", [
      "limit",
    ]),
    batchCommands: sink.histogram(name("batch_commands"), "Commands of one append", [1, 2, 4, 8, 16, 32, 64, 128, 256]),
    appendSeconds: sink.histogram(name("append_seconds"), "From the start of an append to its outcome", SECONDS),
    appends: sink.counter(name("appends_total"), "Appends by outcome", ["outcome"]),
    appendRetries: sink.counter(name("append_retries_total"), "Appends sent again because their outcome was unknown"),
    outages: sink.counter(name("outages_total"), "Appends slow enough to count as an outage of the log"),
    opens: sink.counter(name("opens_total"), "Documents brought into memory, by outcome", ["outcome"]),
    snapshots: sink.counter(name("snapshots_total"), "Snapshots written, by outcome", ["outcome"]),
    fences: sink.counter(name("fences_total"), "Documents taken by another host while held here"),
    frames: sink.counter(name("frames_total"), "Frames sent, each viewer counted", ["kind"]),
    framesEncoded: sink.counter(name("frames_encoded_total"), "Frames encoded, shared ones counted once"),
    checks: sink.counter(name("checks_total"), "Hash checks of viewers, by result", ["result"]),
    runaways: sink.counter(name("runaways_total"), "Document code that was cut off or broke the runtime", ["during"]),
    quarantines: sink.counter(name("quarantines_total"), "Documents put into quarantine"),
    shorterLogs: sink.counter(
      name("shorter_logs_total"),
      "Documents whose log came back without what it had acknowledged",
    ),
    handOvers: sink.counter(name("hand_overs_total"), "Documents let go, by reason", ["reason"]),
    notOwner: sink.counter(name("not_owner_total"), "Requests for documents of other hosts"),
    wakeUps: sink.counter(name("wake_ups_total"), "Unloaded documents opened for a due timer"),
  };
}

export type HostMetrics = ReturnType<typeof hostMetrics>;

/** Counts a refusal of the runtime that names one of its limits. */
export function countLimit({ limits }: Pick<HostMetrics, "limits">, error: ServiceError | undefined): void {
  const limit = error?.code === "limit_exceeded" ? error.details?.["limit"] : undefined;
  if (typeof limit === "string") limits.add(1, { limit });
}
