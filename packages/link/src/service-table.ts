import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import type { ServedMethods, ServedStream, ServedUnary, StreamHandler, UnaryHandler } from "./link.ts";

/** The largest method id a frame can carry: service number in the high byte, method in the low one. */
const METHOD_ID_MAX = 0xffff;

/** What a process serves, by method id. Ids are unique over all services of a process. */
export class LinkServiceTable implements ServedMethods {
  readonly #unary = new Map<number, ServedUnary>();
  readonly #streams = new Map<number, ServedStream>();

  unary<Request, Response>(method: UnaryMethod<Request, Response>, handler: UnaryHandler<Request, Response>): void {
    this.#claim(method);
    this.#unary.set(method.id, { method, handler } as unknown as ServedUnary);
  }

  stream<Open, Up, Down>(method: StreamMethod<Open, Up, Down>, handler: StreamHandler<Open, Up, Down>): void {
    this.#claim(method);
    this.#streams.set(method.id, { method, handler } as unknown as ServedStream);
  }

  unaryOf(id: number): ServedUnary | undefined {
    return this.#unary.get(id);
  }

  streamOf(id: number): ServedStream | undefined {
    return this.#streams.get(id);
  }

  #claim(method: { readonly id: number; readonly name: string }): void {
    if (!(Number.isInteger(method.id) && method.id > 0 && method.id <= METHOD_ID_MAX)) {
      throw new RangeError(`${method.name}: method id ${method.id} is not 1 to ${METHOD_ID_MAX}`);
    }
    const other = this.#unary.get(method.id) ?? this.#streams.get(method.id);
    if (other !== undefined) {
      throw new Error(`method id ${method.id} is served twice: ${other.method.name} and ${method.name}`);
    }
  }
}
