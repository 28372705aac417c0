import { ServiceError } from "@tidewire/foundation";
import { FrameType } from "@tidewire/link/session";
import { Reader } from "@tidewire/wire";
import { Flag } from "./frame.ts";

interface Assembly {
  readonly type: number;
  readonly method: number;
  readonly body: Uint8Array;
  length: number;
}

export interface AssemblyLimits {
  readonly messageMaxBytes: number;
  readonly assemblyMaxBytes: number;
}

/** Each takes some memory beyond its bytes. */
const ASSEMBLIES_MAX = 4_096;

/** Large messages of one connection being put together. What they will need is counted when they begin. */
export class Assemblies {
  readonly #limits: AssemblyLimits;
  readonly #ofStream = new Map<number, Assembly>();
  /** Messages for many streams go by the first of them, which may end meanwhile. */
  readonly #shared = new Map<number, Assembly>();
  readonly #reader = new Reader();
  #bytes = 0;

  constructor(limits: AssemblyLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#ofStream.size + this.#shared.size;
  }

  /**
   * Adds a fragment. Gives the whole body when it was the last one, in memory of its own. Throws `limit_exceeded` or
   * `overloaded` for a message that cannot be taken, whose other fragments are then ignored, and `invalid_argument` for
   * fragments that make no sense, which is the end of the connection.
   */
  add(type: number, flags: number, method: number, stream: number, fragment: Reader): Reader | undefined {
    const assemblies = this.#mapOf(type);
    const isFirst = (flags & Flag.continued) === 0;
    if (isFirst) this.#begin(assemblies, type, method, stream, fragment);
    const assembly = assemblies.get(stream);
    // Refused, or its stream has ended: the sender cannot know yet.
    if (assembly === undefined) return undefined;
    if (assembly.type !== type || assembly.method !== method) throw nonsense("changes its kind");
    const bytes = fragment.remaining;
    if (assembly.length + bytes > assembly.body.length) throw nonsense("is longer than announced");
    assembly.body.set(fragment.buffer.subarray(fragment.position, fragment.end), assembly.length);
    assembly.length += bytes;
    if ((flags & Flag.more) !== 0) return undefined;
    if (assembly.length !== assembly.body.length) throw nonsense("is shorter than announced");
    this.#remove(assemblies, stream, assembly);
    return this.#reader.reset(assembly.body);
  }

  /** The stream has ended: nothing of it is wanted. */
  forget(stream: number): void {
    const assembly = this.#ofStream.get(stream);
    if (assembly !== undefined) this.#remove(this.#ofStream, stream, assembly);
  }

  clear(): void {
    this.#ofStream.clear();
    this.#shared.clear();
    this.#bytes = 0;
  }

  #begin(assemblies: Map<number, Assembly>, type: number, method: number, stream: number, fragment: Reader): void {
    if (assemblies.has(stream)) throw nonsense("begins twice");
    const total = fragment.view.getUint32(fragment.take(4), true);
    const max = this.#limits.messageMaxBytes;
    if (total > max) {
      throw new ServiceError("limit_exceeded", `a message may have at most ${max} bytes`, {
        details: { limit: "messageMaxBytes", max },
      });
    }
    if (this.#bytes + total > this.#limits.assemblyMaxBytes || this.count >= ASSEMBLIES_MAX) {
      throw new ServiceError("overloaded", "too many large messages at once");
    }
    this.#bytes += total;
    // Fresh pages are not touched before bytes come, so that an announcement alone costs nothing.
    assemblies.set(stream, { type, method, body: new Uint8Array(total), length: 0 });
  }

  #remove(assemblies: Map<number, Assembly>, stream: number, assembly: Assembly): void {
    assemblies.delete(stream);
    this.#bytes -= assembly.body.length;
  }

  #mapOf(type: number): Map<number, Assembly> {
    return type === FrameType.downMany ? this.#shared : this.#ofStream;
  }
}

function nonsense(what: string): ServiceError {
  return new ServiceError("invalid_argument", `a message in fragments ${what}`);
}
