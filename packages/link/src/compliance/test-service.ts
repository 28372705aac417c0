import { ServiceError } from "@tidewire/foundation";
import type { Codec, RetryClass, StreamMethod, UnaryMethod } from "@tidewire/wire";
import type { ClientStreamHandlers, ServerStream, ServerStreamHandlers, StreamHandler } from "../link.ts";
import { Later } from "./harness.ts";

/** The one message of the suite. Written by hand only because the suite must not depend on a protocol of the product. */
export interface Parcel {
  readonly number: number;
  readonly text: string;
  readonly data: Uint8Array;
}

const NO_DATA = new Uint8Array(0);

export function parcel(number: number, text = "", data: Uint8Array = NO_DATA): Parcel {
  return { number, text, data };
}

export const parcelCodec: Codec<Parcel> = {
  name: "compliance.Parcel",
  encode(writer, message) {
    const at = writer.reserve(4);
    writer.putU32(at, message.number, "Parcel.number");
    writer.string(message.text, 1000, "Parcel.text");
    writer.bytes(message.data, 0, 2 ** 30, "Parcel.data");
  },
  decode(reader) {
    const number = reader.view.getUint32(reader.take(4), true);
    return { number, text: reader.string(1000, "Parcel.text"), data: reader.bytes(0, 2 ** 30, "Parcel.data") };
  },
};

/** Refuses whatever it reads, as a decoder does that finds nonsense. */
export const pickyCodec: Codec<Parcel> = {
  ...parcelCodec,
  decode() {
    throw new ServiceError("invalid_argument", "Parcel: not to my taste", { details: { parameter: "Parcel" } });
  },
};

/** Service number of the suite, in the range kept for tests. */
const SERVICE = 250 << 8;

export function unaryMethod(
  id: number,
  name: string,
  settings: { readonly deadlineMs?: number; readonly retry?: RetryClass } = {},
): UnaryMethod<Parcel, Parcel> {
  return {
    kind: "unary",
    id: SERVICE | id,
    name: `compliance/${name}`,
    request: parcelCodec,
    response: parcelCodec,
    deadlineMs: settings.deadlineMs ?? 30_000,
    isIdempotent: settings.retry === "safe",
    retry: settings.retry ?? "never",
  };
}

export function streamMethod(
  id: number,
  name: string,
  settings: { readonly credit?: number; readonly deadlineMs?: number } = {},
): StreamMethod<Parcel, Parcel, Parcel> {
  return {
    kind: "stream",
    id: SERVICE | id,
    name: `compliance/${name}`,
    open: parcelCodec,
    up: parcelCodec,
    down: parcelCodec,
    credit: settings.credit ?? 4,
    deadlineMs: settings.deadlineMs ?? 30_000,
  };
}

export const echo = unaryMethod(1, "echo");
export const watch = streamMethod(16, "watch");

/** Different at every position, so that a part that is lost, doubled or moved shows. */
export function patternBytes(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >>> 8) * 17 + salt) & 0xff;
  return bytes;
}

/** Collects what a stream's opener sees. */
export class Opener implements ClientStreamHandlers<Parcel> {
  readonly numbers: number[] = [];
  readonly ends: (ServiceError | undefined)[] = [];
  readonly ended = new Later<ServiceError | undefined>();
  readonly #awaited: { readonly count: number; readonly later: Later<void> }[] = [];
  readonly #onMessage: (message: Parcel) => void;

  constructor(onMessage: (message: Parcel) => void = () => {}) {
    this.#onMessage = onMessage;
  }

  message(message: Parcel): void {
    this.numbers.push(message.number);
    this.#onMessage(message);
    for (const { count, later } of this.#awaited) if (this.numbers.length >= count) later.resolve();
  }

  end(error: ServiceError | undefined): void {
    this.ends.push(error);
    this.ended.resolve(error);
  }

  /** When that many messages are here; rejects if the stream ends before. */
  received(count: number): Promise<void> {
    if (this.numbers.length >= count) return Promise.resolve();
    const later = new Later<void>();
    this.#awaited.push({ count, later });
    const tooEarly = this.ended.promise.then((error) => {
      if (this.numbers.length >= count) return;
      throw new Error(`ended after ${this.numbers.length} of ${count} messages`, { cause: error });
    });
    return Promise.race([later.promise, tooEarly]);
  }
}

/** Collects what the serving side of streams sees; hands out each stream as it is opened. */
export class Server {
  readonly streams: ServerStream<Parcel>[] = [];
  readonly requests: Parcel[] = [];
  readonly ups: number[] = [];
  cancellations = 0;
  /** What each cancellation was told with. */
  readonly causes: (ServiceError | undefined)[] = [];
  credits = 0;
  readonly cancelled = new Later<void>();
  readonly #awaited: { readonly count: () => boolean; readonly later: Later<void> }[] = [];
  readonly #extra: ServerStreamHandlers<Parcel>;

  constructor(extra: ServerStreamHandlers<Parcel> = {}) {
    this.#extra = extra;
  }

  readonly handler: StreamHandler<Parcel, Parcel, Parcel> = (request, stream) => {
    this.requests.push(request);
    this.streams.push(stream);
    this.#check();
    return {
      message: (message) => {
        this.ups.push(message.number);
        this.#extra.message?.(message);
        this.#check();
      },
      credit: () => {
        this.credits++;
        this.#extra.credit?.();
        this.#check();
      },
      cancelled: (error) => {
        this.cancellations++;
        this.causes.push(error);
        this.#extra.cancelled?.(error);
        this.cancelled.resolve();
        this.#check();
      },
    };
  };

  get stream(): ServerStream<Parcel> {
    const [stream] = this.streams;
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }

  /** When that holds; looked at after everything the server sees. */
  when(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    const later = new Later<void>();
    this.#awaited.push({ count: holds, later });
    return later.promise;
  }

  opened(count = 1): Promise<void> {
    return this.when(() => this.streams.length >= count);
  }

  #check(): void {
    for (const { count, later } of this.#awaited) if (count()) later.resolve();
  }
}
