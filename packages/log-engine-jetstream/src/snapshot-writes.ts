import type { DocumentName } from "@tidewire/foundation";
import { argumentError, fencedError, type LogSnapshotWrite } from "@tidewire/log-engine";
import type { DocumentState } from "./document-fold.ts";
import type { DocumentPlaces, Layout } from "./layout.ts";
import type { Loader } from "./loader.ts";
import type { JetStreamLogMetrics } from "./metrics.ts";
import { unavailable } from "./nats-faults.ts";
import type { Snapshots } from "./snapshots.ts";

export interface SnapshotWritesModules {
  readonly layout: Layout;
  readonly loader: Loader;
  readonly snapshots: Snapshots;
  readonly metrics: JetStreamLogMetrics;
}

/** Every conflict is a snapshot that somebody else has written meanwhile. */
const CONFLICTS_MAX = 16;

/** Who may store a snapshot, and of what. */
export class SnapshotWrites {
  readonly #modules: SnapshotWritesModules;

  constructor(modules: SnapshotWritesModules) {
    this.#modules = modules;
  }

  async write(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    const { layout, loader, snapshots, metrics } = this.#modules;
    const places = layout.places(document);
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt++) {
      const state = await loader.head(places);
      if (state === undefined || snapshot.epoch !== state.epoch) {
        metrics.fenced.add(1);
        throw fencedError(state?.epoch ?? 0, state?.seq ?? 0);
      }
      if (snapshot.seq > state.seq) throw argumentError("seq", "the snapshot is ahead of the log");
      if (snapshot.seq <= state.baseSeq) return;
      const kept = await snapshots.newest(places);
      if (kept.newest?.lineage === state.lineage && kept.newest.seq >= snapshot.seq) return;
      const recordStreamSeq = await this.#recordAt(places, state, snapshot.seq);
      const { epoch, seq, data } = snapshot;
      const head = { epoch, seq, lineage: state.lineage, recordStreamSeq };
      if (await snapshots.write(places, head, data, kept)) {
        metrics.snapshots.add(1);
        return;
      }
    }
    throw unavailable("timeout");
  }

  /** Where the record is that ends at a seq. */
  async #recordAt(places: DocumentPlaces, state: DocumentState, seq: number): Promise<number> {
    if (state.kind === "append" && state.seq === seq) return state.streamSeq;
    const { records } = await this.#modules.loader.load(places);
    const record = records.find((each) => each.kind === "append" && each.lineage === state.lineage && each.seq === seq);
    if (record === undefined) throw argumentError("seq", "the snapshot is not at the end of a record");
    return record.streamSeq;
  }
}
