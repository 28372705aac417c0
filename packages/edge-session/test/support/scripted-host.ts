import type { ViewState } from "@tidewire/delta";
import type { ServiceError } from "@tidewire/foundation";
import { type LinkListener, LinkServiceTable, type LinkTransport, type ServerStream } from "@tidewire/link";
import {
  type ConnectRequest,
  type CreateRequest,
  HostService,
  type SendRequest,
  type UpdateViewerRequest,
  type ViewerFrame,
} from "@tidewire/protocol-host";
import { deltaText, type ModelDocument, snapshotText } from "./model-document.ts";

const encoder = new TextEncoder();

export interface ScriptedViewer {
  readonly request: ConnectRequest;
  readonly stream: ServerStream<ViewerFrame>;
  /** What it was sent last; `undefined` if it must get a snapshot. */
  sent: ViewState | undefined;
  checks: number;
}

/** A document host that does what it is told: one document, real frames, credits as the link counts them. */
export class ScriptedHost {
  readonly id: string;
  readonly address: string;
  readonly document: ModelDocument;
  readonly viewers = new Set<ScriptedViewer>();
  readonly sends: SendRequest[] = [];
  readonly creates: CreateRequest[] = [];
  readonly updates: UpdateViewerRequest[] = [];
  readonly connects: ConnectRequest[] = [];
  gets = 0;
  deletes = 0;
  framesSent = 0;
  /** Answers everything with this. */
  refusal: ServiceError | undefined;
  /** Answers calls never. */
  isSilent = false;
  /** Every frame carries its hash. */
  hashes = false;
  /** Replaces the answer to sends. */
  onSend:
    | ((request: SendRequest) => { seq: number; value?: string } | Promise<{ seq: number; value?: string }>)
    | undefined;
  #listener: LinkListener | undefined;

  constructor(id: string, address: string, document: ModelDocument) {
    this.id = id;
    this.address = address;
    this.document = document;
  }

  async listen(transport: LinkTransport): Promise<void> {
    const services = new LinkServiceTable();
    const { methods } = HostService;
    services.unary(methods.create, (request) =>
      this.#answer(() => {
        this.creates.push(request);
        return { seq: this.document.seq };
      }),
    );
    services.unary(methods.get, () =>
      this.#answer(() => {
        this.gets++;
        const { seq, hash, view } = this.document;
        return { seq, hash, view: encoder.encode(JSON.stringify(view.value)) };
      }),
    );
    services.unary(methods.delete, () =>
      this.#answer(() => {
        this.deletes++;
        return {};
      }),
    );
    services.unary(methods.send, (request) =>
      this.#answer(() => {
        this.sends.push(request);
        return this.onSend?.(request) ?? { seq: this.document.seq, value: JSON.stringify({ echo: request.message }) };
      }),
    );
    services.unary(methods.updateViewer, (request) =>
      this.#answer(() => {
        this.updates.push(request);
        return {};
      }),
    );
    services.stream(methods.connect, (request, stream) => this.#connect(request, stream));
    this.#listener = await transport.listen(this.address, services);
  }

  /** Breaks every link to it; done when the clock has moved on. */
  stop(): void {
    void this.#listener?.close(0);
  }

  /** Sends every viewer with credit what it lacks. */
  deliver(): void {
    for (const viewer of this.viewers) this.#deliverTo(viewer);
  }

  /** Ends all streams, as a hand-over does. */
  endStreams(error?: ServiceError): void {
    for (const viewer of this.viewers) {
      this.viewers.delete(viewer);
      viewer.stream.end(error);
    }
  }

  #answer<Response>(respond: () => Response | Promise<Response>): Response | Promise<Response> {
    if (this.isSilent) return new Promise<Response>(() => {});
    if (this.refusal !== undefined) throw this.refusal;
    return respond();
  }

  #connect(request: ConnectRequest, stream: ServerStream<ViewerFrame>) {
    this.connects.push(request);
    const viewer: ScriptedViewer = { request, stream, sent: undefined, checks: 0 };
    if (this.refusal !== undefined) {
      stream.end(this.refusal);
      return {};
    }
    const { resume } = request;
    if (resume?.seq === this.document.seq && resume.hash === this.document.hash && stream.credit > 0) {
      viewer.sent = this.document.view;
      this.#send(viewer, "delta", JSON.stringify({ "@s": resume.seq, "@h": resume.hash }));
    }
    this.viewers.add(viewer);
    if (!this.isSilent) this.#deliverTo(viewer);
    return {
      message: (up: { readonly kind: string; readonly value: { readonly seq?: number; readonly hash?: string } }) => {
        if (up.kind === "check") {
          viewer.checks++;
          if (viewer.sent === undefined || up.value.seq === viewer.sent.seq) {
            if (up.value.hash === this.document.hash && viewer.sent === this.document.view) return;
          }
        }
        viewer.sent = undefined;
        this.#deliverTo(viewer);
      },
      credit: () => this.#deliverTo(viewer),
      cancelled: () => void this.viewers.delete(viewer),
    };
  }

  #deliverTo(viewer: ScriptedViewer): void {
    const { view } = this.document;
    if (viewer.stream.credit < 1 || viewer.sent === view) return;
    const withHash = this.hashes || viewer.request.hashEvery;
    if (viewer.sent === undefined) this.#send(viewer, "snapshot", snapshotText(view, withHash));
    else this.#send(viewer, "delta", deltaText(viewer.sent, view, withHash));
    viewer.sent = view;
  }

  #send(viewer: ScriptedViewer, kind: "snapshot" | "delta", text: string): void {
    const { seq, hash } = this.document;
    const withHash = this.hashes || viewer.request.hashEvery;
    this.framesSent++;
    viewer.stream.send({ kind, seq, hash: withHash ? hash : undefined, data: encoder.encode(text) });
  }
}
