import type { JsonWriter } from "../encode/json-writer.ts";
import { ConnectedPrincipals } from "../state/connected-principals.ts";
import { CronTimers } from "../state/cron-timers.ts";
import { DocumentRandom } from "../state/document-random.ts";
import { DocumentState } from "../state/document-state.ts";
import { DurableTimers } from "../state/durable-timers.ts";
import { fillWithZeros } from "../state/fill-record.ts";
import { ReadTracker } from "../state/read-tracker.ts";
import { ComputedValues } from "../view/computed-values.ts";
import { DeltaStep } from "../view/delta-step.ts";
import type { ViewedDocument, ViewLimits, ViewSchema } from "../view/document-views.ts";
import type { FrameMaker } from "../view/frame.ts";
import { HolderIndex } from "../view/holder-index.ts";
import type { LoggedPart } from "../view/logged-part.ts";
import { Presence } from "../view/presence.ts";
import { PresenceReads } from "../view/presence-reads.ts";
import { ViewHub } from "../view/view-hub.ts";
import { Admissions } from "./admissions.ts";
import type { CompiledDocument } from "./compiled-document.ts";
import { MarkerLedger } from "./marker-ledger.ts";

/** Everything a document is while it exists. Made when it is created, dropped when it is deleted. */
export class DocumentBody implements ViewedDocument {
  readonly compiled: CompiledDocument;
  readonly state: DocumentState;
  readonly random = new DocumentRandom();
  readonly timers: DurableTimers;
  readonly cron: CronTimers;
  readonly connected: ConnectedPrincipals;
  readonly markers: MarkerLedger;
  readonly presence: Presence;
  readonly admissions: Admissions;
  readonly hub: ViewHub;
  readonly step: DeltaStep;
  readonly viewWriter: JsonWriter;
  readonly sharedWriter: JsonWriter;
  readonly frames: FrameMaker;
  readonly guardReads: Int32Array;
  readonly holders = new HolderIndex();
  readonly presenceReads: PresenceReads;
  readonly trace = new ReadTracker();
  readonly limits: ViewLimits;
  readonly schema: ViewSchema;
  /** Seq of the newest transaction with an effect: markers alone move only the log's. */
  effectSeq = 0;
  baseSeq = 0;
  /** The log has nothing of it yet. */
  isNew = true;
  loggedPart: LoggedPart | undefined;
  /** State of the random numbers as the log has it. */
  loggedDraws = 0;

  constructor(compiled: CompiledDocument) {
    const { schema, limits, definition } = compiled;
    this.compiled = compiled;
    this.schema = schema;
    this.limits = limits;
    this.guardReads = new Int32Array(schema.guards.length);
    this.state = new DocumentState(limits);
    this.state.root = new schema.rootType.Class(this.state, null, "");
    this.timers = new DurableTimers(this.state, limits.timersMax);
    this.cron = new CronTimers(this.state, compiled.cron);
    this.connected = new ConnectedPrincipals(this.state);
    this.markers = new MarkerLedger(limits);
    this.presence = new Presence(this.state, () => this.hub.viewers());
    this.presenceReads = new PresenceReads(this.state);
    this.admissions = new Admissions(this.state);
    this.state.extras = new ComputedValues(this.state, this.presence, Object.values(definition.computed));
    this.step = new DeltaStep(this, compiled.writers.delta);
    this.viewWriter = compiled.writers.view;
    this.sharedWriter = compiled.writers.shared;
    this.frames = compiled.writers.frames;
    this.hub = new ViewHub(this);
  }

  get tick(): number {
    return this.presence.tick;
  }

  get mustSplit(): boolean {
    return this.hub.mustSplit;
  }

  /** Wall clock, ms, of the earliest durable timer; 0 if the schedules have changed since the log was written. */
  get wakeAt(): number | undefined {
    if (!this.cron.isCurrent) return 0;
    const timer = this.timers.first?.dueAt;
    const cron = this.cron.first?.dueAt;
    return timer === undefined || cron === undefined ? (timer ?? cron) : Math.min(timer, cron);
  }

  /** First values, a seed and schedules, inside the transaction that creates the document. */
  begin(now: number): void {
    const { random } = this.compiled;
    this.random.state = [random.bits(), random.bits(), random.bits(), 1];
    fillWithZeros(this.state.root);
    this.cron.adopt(now);
  }

  codeFailed(what: string, thrown: unknown): void {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    this.compiled.onFault(new Error(`${what} failed: ${reason}`, { cause: thrown }));
  }
}
