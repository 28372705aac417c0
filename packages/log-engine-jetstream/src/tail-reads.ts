import { type DocumentName } from "@tidewire/foundation";
import type { LogRead } from "@tidewire/log-engine";
import { buried } from "./document-writes.ts";
import type { Layout } from "./layout.ts";
import type { Loader } from "./loader.ts";
import type { Payloads } from "./payloads.ts";
import type { Snapshots } from "./snapshots.ts";

export interface TailReadsModules {
  readonly layout: Layout;
  readonly loader: Loader;
  readonly payloads: Payloads;
  readonly snapshots: Snapshots;
}

/** Records after a seq, over the newest snapshot if they are gone. */
export class TailReads {
  readonly #modules: TailReadsModules;

  constructor(modules: TailReadsModules) {
    this.#modules = modules;
  }

  async read(document: DocumentName, afterSeq: number, limit: number): Promise<LogRead> {
    const { layout, loader, payloads, snapshots } = this.#modules;
    const places = layout.places(document);
    const loaded = await loader.load(places);
    const isLive = loaded.isShorterThanSnapshot || loaded.state?.isDeleted === false;
    if (!isLive) {
      const isAfter = (loaded.deletion?.seq ?? 0) > afterSeq;
      return { patches: [], ...(isAfter ? await buried(places, loaded, payloads) : {}) };
    }
    const { snapshot } = loaded;
    const countsFrom = loaded.isSnapshotValid || loaded.isShorterThanSnapshot ? (snapshot?.seq ?? 0) : 0;
    const page = loaded.patches.filter((patch) => patch.seq > afterSeq).slice(0, limit);
    const patches: { seq: number; data: Uint8Array }[] = [];
    for (const patch of page) patches.push({ seq: patch.seq, data: await payloads.read(places.documentStream, patch) });
    if (snapshot === undefined || countsFrom <= afterSeq) return { patches };
    return { snapshot: { seq: snapshot.seq, data: await snapshots.read(places, snapshot) }, patches };
  }
}
