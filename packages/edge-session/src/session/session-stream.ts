import type { ServiceError } from "@tidewire/foundation";
import type { EdgeMetrics } from "../metrics.ts";
import { DocumentStream, type StreamModules, type StreamOptions, type StreamSink } from "../stream/document-stream.ts";
import type { StreamFrame } from "../stream/held-frame.ts";
import type { ClientTransport } from "./client-transport.ts";
import type { FlowControl, FlowStream } from "./flow-control.ts";

export interface SessionStreamModules extends StreamModules {
  readonly transport: ClientTransport;
  readonly flow: FlowControl;
  readonly metrics: EdgeMetrics;
}

/** One document stream of a session: puts the client's envelope around the host's bytes. */
export class SessionStream implements StreamSink, FlowStream {
  readonly id: number;
  readonly document: DocumentStream;
  readonly #modules: SessionStreamModules;
  readonly #onEnd: (stream: SessionStream, error: ServiceError, hadFrames: boolean) => void;
  readonly #snapshotHead: string;
  readonly #deltaHead: string;

  constructor(
    modules: SessionStreamModules,
    id: number,
    options: StreamOptions,
    onEnd: (stream: SessionStream, error: ServiceError, hadFrames: boolean) => void,
  ) {
    this.#modules = modules;
    this.id = id;
    this.#onEnd = onEnd;
    this.#snapshotHead = `{"id":${id},"snapshot":`;
    this.#deltaHead = `{"id":${id},"delta":`;
    this.document = new DocumentStream(modules, options, this);
    modules.metrics.streams.add(1);
  }

  hasRoom(bytes: number): boolean {
    return this.#modules.flow.hasRoom(this, bytes);
  }

  frame(frame: StreamFrame): void {
    const { transport, flow, metrics } = this.#modules;
    const head = frame.kind === "snapshot" ? this.#snapshotHead : this.#deltaHead;
    transport.sendData(head, frame.data);
    flow.sent(this, frame.seq, head.length + frame.data.length + 1);
    metrics.framesOut.add(1, { kind: frame.kind });
  }

  ended(error: ServiceError, hadFrames: boolean): void {
    this.#forget();
    this.#onEnd(this, error, hadFrames);
  }

  pump(): void {
    this.document.pump();
  }

  /** From this side; `onEnd` is not called. */
  close(): void {
    this.document.close();
    this.#forget();
  }

  #forget(): void {
    this.#modules.metrics.streams.add(-1);
    this.#modules.flow.forget(this);
  }
}
