import type { EventEmitter } from "node:events";
import { type ClientDuplexStream, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { isLarge, type OutboundAccount } from "./outbound-account.ts";

/** A bidirectional gRPC stream, of either side: a duplex of messages, each of them bytes. */
export type GrpcCall = ClientDuplexStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

export interface GrpcPipeReports {
  message(bytes: Buffer): void;
  /** Nothing more comes; `error` if that is not because the other side ended it in order. Once. */
  closed(error: Error | undefined): void;
}

/** One gRPC stream, with an account of what waits on it. */
export class GrpcPipe {
  readonly #call: GrpcCall;
  readonly #account: OutboundAccount;
  readonly #reports: GrpcPipeReports;
  #smallBytes = 0;
  #largeBytes = 0;
  #isClosed = false;

  constructor(call: GrpcCall, account: OutboundAccount, reports: GrpcPipeReports) {
    this.#call = call;
    this.#account = account;
    this.#reports = reports;
    // Both kinds have the same events; their types overload `on` in ways that do not mix.
    const events: EventEmitter = call;
    events.on("data", (bytes: Buffer) => {
      if (!this.#isClosed) reports.message(bytes);
    });
    events.on("error", (error: Error) => this.#closed(error));
    events.on("cancelled", () => this.#closed(new Error("cancelled")));
    events.on("end", () => this.#closed(undefined));
    events.on("close", () => this.#closed(undefined));
  }

  /** Nothing more comes. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: Buffer): void {
    if (this.#isClosed || !this.#call.writable) return;
    const { length } = bytes;
    this.#account.add(length);
    this.#count(length, 1);
    this.#call.write(bytes, () => {
      if (this.#isClosed) return;
      this.#count(length, -1);
      this.#account.remove(length);
    });
  }

  /** Behind what was written. */
  end(): void {
    if (this.#call.writable) this.#call.end();
  }

  /** At once, as far as gRPC lets: the serving side can only send a status, behind what it has written. */
  cancel(): void {
    if (this.#isClosed) return;
    if ("cancel" in this.#call) this.#call.cancel();
    else this.#call.emit("error", Object.assign(new Error("dropped"), { code: status.CANCELLED }));
  }

  #closed(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reports.closed(error);
    // The callbacks of what was not sent may never come.
    this.#account.release({ smallBytes: this.#smallBytes, largeBytes: this.#largeBytes });
  }

  #count(bytes: number, sign: 1 | -1): void {
    if (isLarge(bytes)) this.#largeBytes += sign * bytes;
    else this.#smallBytes += sign * bytes;
  }
}
