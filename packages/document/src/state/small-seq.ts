const smallMax = 2 ** 31 - 1;

/**
 * The same seq, for V8 a small integer where it is one. Read from a `Float64Array`, or put together by a decoder, it is an
 * object on V8's heap; and one such object in a property makes the property that of objects, of 16 bytes each, for all
 * objects of the same shape and for what is copied from them. So a record took 32 bytes more when one stored seq was one.
 */
export function smallSeq(seq: number): number {
  return seq <= smallMax ? seq | 0 : seq;
}
