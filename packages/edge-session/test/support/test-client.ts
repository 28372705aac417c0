import { type JsonObject, ViewReplica } from "@tidewire/delta";
import type { ClientTransport } from "../../src/session/client-transport.ts";
import type { Session } from "../../src/session/session.ts";

const decoder = new TextDecoder();

export interface DownFrame {
  readonly id: number;
  readonly result?: Record<string, unknown>;
  readonly error?: ErrorShape;
  readonly end?: ErrorShape;
  readonly snapshot?: JsonObject;
  readonly delta?: JsonObject;
  readonly heartbeat?: { readonly at: number };
  readonly drain?: { readonly reconnectAfterMs: number; readonly ticket: string };
}

export interface ErrorShape {
  readonly code: string;
  readonly number: number;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: Record<string, unknown>;
}

/** A client in the test's hands: what it was sent, and the views it builds from that. */
export class TestClient implements ClientTransport {
  readonly frames: DownFrame[] = [];
  readonly views = new Map<number, ViewReplica>();
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  /** What the network has not taken. While `isStalled`, everything sent stays. */
  isStalled = false;
  bufferedBytes = 0;
  /** Of document frames, as the protocol counts it. */
  streamBytes = 0;
  session!: Session;

  send(text: string): void {
    this.#deliver(text);
  }

  sendData(head: string, data: Uint8Array): void {
    const text = `${head}${decoder.decode(data)}}`;
    this.streamBytes += text.length;
    this.#deliver(text);
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason };
  }

  /** The network takes everything. */
  release(): void {
    this.isStalled = false;
    this.bufferedBytes = 0;
    this.session.drained();
  }

  up(frame: object): void {
    this.session.receive(JSON.stringify(frame));
  }

  of(id: number): DownFrame[] {
    return this.frames.filter((frame) => frame.id === id);
  }

  last(id: number): DownFrame | undefined {
    return this.of(id).at(-1);
  }

  /** Kinds of the frames of one id, in order. */
  kinds(id: number): string[] {
    return this.of(id).map((frame) => Object.keys(frame).find((key) => key !== "id")!);
  }

  #deliver(text: string): void {
    if (this.isStalled) this.bufferedBytes += text.length;
    const frame = JSON.parse(text) as DownFrame;
    this.frames.push(frame);
    if (frame.snapshot === undefined && frame.delta === undefined) return;
    let view = this.views.get(frame.id);
    if (view === undefined) {
      view = new ViewReplica();
      this.views.set(frame.id, view);
    }
    if (frame.snapshot !== undefined) view.applySnapshot(frame.snapshot);
    else view.applyDelta(frame.delta!);
  }
}
