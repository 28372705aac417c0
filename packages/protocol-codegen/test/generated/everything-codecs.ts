// Generated from everything.xml, digest 6814d17092d291a9. Do not edit; run codegen.
import type { Codec, Reader, Writer } from "@tidewire/wire";
import { malformed, outOfBounds } from "@tidewire/wire";
import type {
  Awkward,
  Class,
  Colour,
  Grown,
  Lists,
  Maps,
  Nothing,
  Optionals,
  Point,
  Shape,
  Singles,
  Thing,
} from "./everything-types.ts";

export function numberOfColour(value: Colour, field: string): number {
  switch (value) {
    case "grey":
      return 1;
    case "red":
      return 2;
    case "ultra-violet":
      return 255;
    default:
      throw outOfBounds(field, "a Colour");
  }
}

export function colourOf(number: number, field: string): Colour {
  switch (number) {
    case 1:
      return "grey";
    case 2:
      return "red";
    case 255:
      return "ultra-violet";
    case 0:
      throw outOfBounds(field, "a Colour");
    default:
      return "grey";
  }
}

export function numberOfClass(value: Class, field: string): number {
  switch (value) {
    case "first":
      return 1;
    case "inUse":
      return 2;
    default:
      throw outOfBounds(field, "a Class");
  }
}

export function classOf(number: number, field: string): Class {
  switch (number) {
    case 1:
      return "first";
    case 2:
      return "inUse";
    default:
      throw outOfBounds(field, "a Class");
  }
}

export function encodeNothing(_writer: Writer, _message: Nothing): void {
}

export function decodeNothing(reader: Reader): Nothing {
  reader.position = reader.end;
  return {};
}

export const NothingCodec: Codec<Nothing> = {
  name: "everything.Nothing",
  encode: encodeNothing,
  decode: decodeNothing,
};

export function encodePoint(writer: Writer, message: Point): void {
  const at1 = writer.reserve(8);
  writer.putI32(at1, message.x, "Point.x");
  writer.putI32(at1 + 4, message.y, "Point.y");
}

export function decodePoint(reader: Reader): Point {
  const at1 = reader.take(8);
  const x = reader.view.getInt32(at1, true);
  const y = reader.view.getInt32(at1 + 4, true);
  reader.position = reader.end;
  return { x, y };
}

export const PointCodec: Codec<Point> = {
  name: "everything.Point",
  encode: encodePoint,
  decode: decodePoint,
};

export function encodeSingles(writer: Writer, message: Singles): void {
  const at1 = writer.reserve(44);
  writer.putU8(at1, message.a, "Singles.a");
  writer.putU16(at1 + 1, message.b, "Singles.b");
  writer.putU32(at1 + 3, message.c, "Singles.c");
  writer.putI32(at1 + 7, message.d, "Singles.d");
  writer.putU53(at1 + 11, message.e, "Singles.e");
  writer.putU64(at1 + 19, message.f, "Singles.f");
  writer.putI64(at1 + 27, message.g, "Singles.g");
  writer.putF64(at1 + 35, message.h, "Singles.h");
  writer.putBool(at1 + 43, message.i, "Singles.i");
  writer.string(message.j, 40, "Singles.j");
  writer.bytes(message.k, 0, 100, "Singles.k");
  writer.string(message.l, 1048576, "Singles.l");
  const at2 = writer.reserve(1);
  writer.putU8(at2, numberOfColour(message.m, "Singles.m"), "Singles.m");
  const at3 = writer.open();
  encodePoint(writer, message.n);
  writer.close(at3);
  const at4 = writer.open();
  encodeShape(writer, message.o);
  writer.close(at4);
  const at5 = writer.open();
  encodeNothing(writer, message.p);
  writer.close(at5);
}

export function decodeSingles(reader: Reader): Singles {
  const at1 = reader.take(44);
  const a = reader.view.getUint8(at1);
  const b = reader.view.getUint16(at1 + 1, true);
  const c = reader.view.getUint32(at1 + 3, true);
  const d = reader.view.getInt32(at1 + 7, true);
  const e = reader.u53(at1 + 11, "Singles.e");
  const f = reader.view.getBigUint64(at1 + 19, true);
  const g = reader.view.getBigInt64(at1 + 27, true);
  const h = reader.view.getFloat64(at1 + 35, true);
  const i = reader.bool(at1 + 43, "Singles.i");
  const j = reader.string(40, "Singles.j");
  const k = reader.bytes(0, 100, "Singles.k");
  const l = reader.string(1048576, "Singles.l");
  const at2 = reader.take(1);
  const m = colourOf(reader.view.getUint8(at2), "Singles.m");
  const end1 = reader.enter("Singles.n");
  const n = decodePoint(reader);
  reader.leave(end1);
  const end2 = reader.enter("Singles.o");
  const o = decodeShape(reader);
  reader.leave(end2);
  const end3 = reader.enter("Singles.p");
  const p = decodeNothing(reader);
  reader.leave(end3);
  reader.position = reader.end;
  return { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p };
}

export const SinglesCodec: Codec<Singles> = {
  name: "everything.Singles",
  encode: encodeSingles,
  decode: decodeSingles,
};

export function encodeOptionals(writer: Writer, message: Optionals): void {
  if (message.a === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU8(writer.reserve(1), message.a, "Optionals.a");
  }
  if (message.b === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU16(writer.reserve(2), message.b, "Optionals.b");
  }
  if (message.c === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU32(writer.reserve(4), message.c, "Optionals.c");
  }
  if (message.d === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putI32(writer.reserve(4), message.d, "Optionals.d");
  }
  if (message.e === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU53(writer.reserve(8), message.e, "Optionals.e");
  }
  if (message.f === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU64(writer.reserve(8), message.f, "Optionals.f");
  }
  if (message.g === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putI64(writer.reserve(8), message.g, "Optionals.g");
  }
  if (message.h === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putF64(writer.reserve(8), message.h, "Optionals.h");
  }
  if (message.i === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putBool(writer.reserve(1), message.i, "Optionals.i");
  }
  if (message.j === undefined) {
    writer.absent();
  } else {
    writer.string(message.j, 65536, "Optionals.j");
  }
  if (message.k === undefined) {
    writer.absent();
  } else {
    writer.bytes(message.k, 0, 16777216, "Optionals.k");
  }
  if (message.l === undefined) {
    writer.absent();
  } else {
    writer.string(message.l, 1048576, "Optionals.l");
  }
  if (message.m === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU8(writer.reserve(1), numberOfColour(message.m, "Optionals.m"), "Optionals.m");
  }
  if (message.n === undefined) {
    writer.absent();
  } else {
    const at1 = writer.open();
    encodePoint(writer, message.n);
    writer.close(at1);
  }
  if (message.o === undefined) {
    writer.absent();
  } else {
    const at2 = writer.open();
    encodeShape(writer, message.o);
    writer.close(at2);
  }
  if (message.p === undefined) {
    writer.absent();
  } else {
    const at3 = writer.open();
    encodeNothing(writer, message.p);
    writer.close(at3);
  }
}

export function decodeOptionals(reader: Reader): Optionals {
  const a = !reader.isPresent("Optionals.a") ? undefined : reader.view.getUint8(reader.take(1));
  const b = !reader.isPresent("Optionals.b") ? undefined : reader.view.getUint16(reader.take(2), true);
  const c = !reader.isPresent("Optionals.c") ? undefined : reader.view.getUint32(reader.take(4), true);
  const d = !reader.isPresent("Optionals.d") ? undefined : reader.view.getInt32(reader.take(4), true);
  const e = !reader.isPresent("Optionals.e") ? undefined : reader.u53(reader.take(8), "Optionals.e");
  const f = !reader.isPresent("Optionals.f") ? undefined : reader.view.getBigUint64(reader.take(8), true);
  const g = !reader.isPresent("Optionals.g") ? undefined : reader.view.getBigInt64(reader.take(8), true);
  const h = !reader.isPresent("Optionals.h") ? undefined : reader.view.getFloat64(reader.take(8), true);
  const i = !reader.isPresent("Optionals.i") ? undefined : reader.bool(reader.take(1), "Optionals.i");
  const j = reader.isAbsent() ? undefined : reader.string(65536, "Optionals.j");
  const k = reader.isAbsent() ? undefined : reader.bytes(0, 16777216, "Optionals.k");
  const l = reader.isAbsent() ? undefined : reader.string(1048576, "Optionals.l");
  const m = !reader.isPresent("Optionals.m") ? undefined : colourOf(reader.view.getUint8(reader.take(1)), "Optionals.m");
  let n: Point | undefined;
  if (!reader.isAbsent()) {
    const end1 = reader.enter("Optionals.n");
    n = decodePoint(reader);
    reader.leave(end1);
  }
  let o: Shape | undefined;
  if (!reader.isAbsent()) {
    const end2 = reader.enter("Optionals.o");
    o = decodeShape(reader);
    reader.leave(end2);
  }
  let p: Nothing | undefined;
  if (!reader.isAbsent()) {
    const end3 = reader.enter("Optionals.p");
    p = decodeNothing(reader);
    reader.leave(end3);
  }
  reader.position = reader.end;
  return { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p };
}

export const OptionalsCodec: Codec<Optionals> = {
  name: "everything.Optionals",
  encode: encodeOptionals,
  decode: decodeOptionals,
};

export function encodeLists(writer: Writer, message: Lists): void {
  writer.count(message.a.length, 65536, "Lists.a");
  for (const item of message.a) {
    writer.putU8(writer.reserve(1), item, "Lists.a");
  }
  writer.count(message.e.length, 10, "Lists.e");
  for (const item of message.e) {
    writer.putU53(writer.reserve(8), item, "Lists.e");
  }
  writer.count(message.f.length, 65536, "Lists.f");
  for (const item of message.f) {
    writer.putU64(writer.reserve(8), item, "Lists.f");
  }
  writer.count(message.i.length, 65536, "Lists.i");
  for (const item of message.i) {
    writer.putBool(writer.reserve(1), item, "Lists.i");
  }
  writer.count(message.j.length, 65536, "Lists.j");
  for (const item of message.j) {
    writer.string(item, 65536, "Lists.j");
  }
  writer.count(message.k.length, 65536, "Lists.k");
  for (const item of message.k) {
    writer.bytes(item, 0, 16777216, "Lists.k");
  }
  writer.count(message.m.length, 65536, "Lists.m");
  for (const item of message.m) {
    writer.putU8(writer.reserve(1), numberOfColour(item, "Lists.m"), "Lists.m");
  }
  writer.count(message.n.length, 65536, "Lists.n");
  for (const item of message.n) {
    const at1 = writer.open();
    encodePoint(writer, item);
    writer.close(at1);
  }
  writer.count(message.o.length, 65536, "Lists.o");
  for (const item of message.o) {
    const at2 = writer.open();
    encodeShape(writer, item);
    writer.close(at2);
  }
  writer.count(message.p.length, 65536, "Lists.p");
  for (const item of message.p) {
    const at3 = writer.open();
    encodeNothing(writer, item);
    writer.close(at3);
  }
}

export function decodeLists(reader: Reader): Lists {
  const at1 = reader.count(65536, 1, "Lists.a");
  const at2: number[] = [];
  for (let index = 0; index < at1; index++) {
    at2.push(reader.view.getUint8(reader.take(1)));
  }
  const a = at2;
  const at3 = reader.count(10, 8, "Lists.e");
  const at4: number[] = [];
  for (let index = 0; index < at3; index++) {
    at4.push(reader.u53(reader.take(8), "Lists.e"));
  }
  const e = at4;
  const at5 = reader.count(65536, 8, "Lists.f");
  const at6: bigint[] = [];
  for (let index = 0; index < at5; index++) {
    at6.push(reader.view.getBigUint64(reader.take(8), true));
  }
  const f = at6;
  const at7 = reader.count(65536, 1, "Lists.i");
  const at8: boolean[] = [];
  for (let index = 0; index < at7; index++) {
    at8.push(reader.bool(reader.take(1), "Lists.i"));
  }
  const i = at8;
  const at9 = reader.count(65536, 4, "Lists.j");
  const at10: string[] = [];
  for (let index = 0; index < at9; index++) {
    at10.push(reader.string(65536, "Lists.j"));
  }
  const j = at10;
  const at11 = reader.count(65536, 4, "Lists.k");
  const at12: Uint8Array[] = [];
  for (let index = 0; index < at11; index++) {
    at12.push(reader.bytes(0, 16777216, "Lists.k"));
  }
  const k = at12;
  const at13 = reader.count(65536, 1, "Lists.m");
  const at14: Colour[] = [];
  for (let index = 0; index < at13; index++) {
    at14.push(colourOf(reader.view.getUint8(reader.take(1)), "Lists.m"));
  }
  const m = at14;
  const at15 = reader.count(65536, 4, "Lists.n");
  const at16: Point[] = [];
  for (let index = 0; index < at15; index++) {
    const end1 = reader.enter("Lists.n");
    at16.push(decodePoint(reader));
    reader.leave(end1);
  }
  const n = at16;
  const at17 = reader.count(65536, 4, "Lists.o");
  const at18: Shape[] = [];
  for (let index = 0; index < at17; index++) {
    const end2 = reader.enter("Lists.o");
    at18.push(decodeShape(reader));
    reader.leave(end2);
  }
  const o = at18;
  const at19 = reader.count(65536, 4, "Lists.p");
  const at20: Nothing[] = [];
  for (let index = 0; index < at19; index++) {
    const end3 = reader.enter("Lists.p");
    at20.push(decodeNothing(reader));
    reader.leave(end3);
  }
  const p = at20;
  reader.position = reader.end;
  return { a, e, f, i, j, k, m, n, o, p };
}

export const ListsCodec: Codec<Lists> = {
  name: "everything.Lists",
  encode: encodeLists,
  decode: decodeLists,
};

export function encodeMaps(writer: Writer, message: Maps): void {
  writer.count(message.a.size, 65536, "Maps.a");
  for (const [mapKey, item] of message.a) {
    writer.string(mapKey, 512, "Maps.a");
    writer.putU8(writer.reserve(1), item, "Maps.a");
  }
  writer.count(message.h.size, 65536, "Maps.h");
  for (const [mapKey, item] of message.h) {
    writer.string(mapKey, 20, "Maps.h");
    writer.putF64(writer.reserve(8), item, "Maps.h");
  }
  writer.count(message.j.size, 65536, "Maps.j");
  for (const [mapKey, item] of message.j) {
    writer.string(mapKey, 512, "Maps.j");
    writer.string(item, 65536, "Maps.j");
  }
  writer.count(message.k.size, 65536, "Maps.k");
  for (const [mapKey, item] of message.k) {
    writer.string(mapKey, 512, "Maps.k");
    writer.bytes(item, 0, 16777216, "Maps.k");
  }
  writer.count(message.m.size, 65536, "Maps.m");
  for (const [mapKey, item] of message.m) {
    writer.string(mapKey, 512, "Maps.m");
    writer.putU8(writer.reserve(1), numberOfColour(item, "Maps.m"), "Maps.m");
  }
  writer.count(message.n.size, 65536, "Maps.n");
  for (const [mapKey, item] of message.n) {
    writer.string(mapKey, 512, "Maps.n");
    const at1 = writer.open();
    encodePoint(writer, item);
    writer.close(at1);
  }
  writer.count(message.o.size, 3, "Maps.o");
  for (const [mapKey, item] of message.o) {
    writer.string(mapKey, 512, "Maps.o");
    const at2 = writer.open();
    encodeShape(writer, item);
    writer.close(at2);
  }
}

export function decodeMaps(reader: Reader): Maps {
  const at1 = reader.count(65536, 5, "Maps.a");
  const at2 = new Map<string, number>();
  for (let index = 0; index < at1; index++) {
    const mapKey = reader.string(512, "Maps.a");
    at2.set(mapKey, reader.view.getUint8(reader.take(1)));
  }
  if (at2.size !== at1) throw malformed("Maps.a", "has a key twice");
  const a = at2;
  const at3 = reader.count(65536, 12, "Maps.h");
  const at4 = new Map<string, number>();
  for (let index = 0; index < at3; index++) {
    const mapKey = reader.string(20, "Maps.h");
    at4.set(mapKey, reader.view.getFloat64(reader.take(8), true));
  }
  if (at4.size !== at3) throw malformed("Maps.h", "has a key twice");
  const h = at4;
  const at5 = reader.count(65536, 8, "Maps.j");
  const at6 = new Map<string, string>();
  for (let index = 0; index < at5; index++) {
    const mapKey = reader.string(512, "Maps.j");
    at6.set(mapKey, reader.string(65536, "Maps.j"));
  }
  if (at6.size !== at5) throw malformed("Maps.j", "has a key twice");
  const j = at6;
  const at7 = reader.count(65536, 8, "Maps.k");
  const at8 = new Map<string, Uint8Array>();
  for (let index = 0; index < at7; index++) {
    const mapKey = reader.string(512, "Maps.k");
    at8.set(mapKey, reader.bytes(0, 16777216, "Maps.k"));
  }
  if (at8.size !== at7) throw malformed("Maps.k", "has a key twice");
  const k = at8;
  const at9 = reader.count(65536, 5, "Maps.m");
  const at10 = new Map<string, Colour>();
  for (let index = 0; index < at9; index++) {
    const mapKey = reader.string(512, "Maps.m");
    at10.set(mapKey, colourOf(reader.view.getUint8(reader.take(1)), "Maps.m"));
  }
  if (at10.size !== at9) throw malformed("Maps.m", "has a key twice");
  const m = at10;
  const at11 = reader.count(65536, 8, "Maps.n");
  const at12 = new Map<string, Point>();
  for (let index = 0; index < at11; index++) {
    const mapKey = reader.string(512, "Maps.n");
    const end1 = reader.enter("Maps.n");
    at12.set(mapKey, decodePoint(reader));
    reader.leave(end1);
  }
  if (at12.size !== at11) throw malformed("Maps.n", "has a key twice");
  const n = at12;
  const at13 = reader.count(3, 8, "Maps.o");
  const at14 = new Map<string, Shape>();
  for (let index = 0; index < at13; index++) {
    const mapKey = reader.string(512, "Maps.o");
    const end2 = reader.enter("Maps.o");
    at14.set(mapKey, decodeShape(reader));
    reader.leave(end2);
  }
  if (at14.size !== at13) throw malformed("Maps.o", "has a key twice");
  const o = at14;
  reader.position = reader.end;
  return { a, h, j, k, m, n, o };
}

export const MapsCodec: Codec<Maps> = {
  name: "everything.Maps",
  encode: encodeMaps,
  decode: decodeMaps,
};

export function encodeGrown(writer: Writer, message: Grown): void {
  const at1 = writer.reserve(1);
  writer.putU8(at1, message.a, "Grown.a");
  writer.string(message.b, 65536, "Grown.b");
  if (message.c === undefined) {
    writer.absent();
  } else {
    writer.string(message.c, 65536, "Grown.c");
  }
  const at2 = writer.reserve(5);
  writer.putU32(at2, message.d, "Grown.d");
  writer.putU8(at2 + 4, numberOfColour(message.e, "Grown.e"), "Grown.e");
  writer.count(message.f.length, 65536, "Grown.f");
  for (const item of message.f) {
    const at3 = writer.open();
    encodePoint(writer, item);
    writer.close(at3);
  }
  const at4 = writer.reserve(8);
  writer.putU64(at4, message.g, "Grown.g");
  writer.string(message.h, 65536, "Grown.h");
  const at5 = writer.reserve(1);
  writer.putBool(at5, message.i, "Grown.i");
  writer.count(message.j.size, 65536, "Grown.j");
  for (const [mapKey, item] of message.j) {
    writer.string(mapKey, 512, "Grown.j");
    const at6 = writer.open();
    encodePoint(writer, item);
    writer.close(at6);
  }
  if (message.k === undefined) {
    writer.absent();
  } else {
    const at7 = writer.open();
    encodePoint(writer, message.k);
    writer.close(at7);
  }
}

export function decodeGrown(reader: Reader): Grown {
  const at1 = reader.take(1);
  const a = reader.view.getUint8(at1);
  const b = reader.string(65536, "Grown.b");
  let c: string | undefined = undefined;
  let d: number = 70000;
  let e: Colour = "red";
  // Since version 2; an older sender ends before it.
  if (reader.position < reader.end) {
    c = reader.isAbsent() ? undefined : reader.string(65536, "Grown.c");
    const at2 = reader.take(5);
    d = reader.view.getUint32(at2, true);
    e = colourOf(reader.view.getUint8(at2 + 4), "Grown.e");
  }
  let f: readonly Point[] = [];
  let g: bigint = 5n;
  let h: string = "none \"yet\"";
  let i: boolean = true;
  let j: ReadonlyMap<string, Point> = new Map();
  let k: Point | undefined = undefined;
  // Since version 3; an older sender ends before it.
  if (reader.position < reader.end) {
    const at3 = reader.count(65536, 4, "Grown.f");
    const at4: Point[] = [];
    for (let index = 0; index < at3; index++) {
      const end1 = reader.enter("Grown.f");
      at4.push(decodePoint(reader));
      reader.leave(end1);
    }
    f = at4;
    const at5 = reader.take(8);
    g = reader.view.getBigUint64(at5, true);
    h = reader.string(65536, "Grown.h");
    const at6 = reader.take(1);
    i = reader.bool(at6, "Grown.i");
    const at7 = reader.count(65536, 8, "Grown.j");
    const at8 = new Map<string, Point>();
    for (let index = 0; index < at7; index++) {
      const mapKey = reader.string(512, "Grown.j");
      const end2 = reader.enter("Grown.j");
      at8.set(mapKey, decodePoint(reader));
      reader.leave(end2);
    }
    if (at8.size !== at7) throw malformed("Grown.j", "has a key twice");
    j = at8;
    if (!reader.isAbsent()) {
      const end3 = reader.enter("Grown.k");
      k = decodePoint(reader);
      reader.leave(end3);
    }
  }
  reader.position = reader.end;
  return { a, b, c, d, e, f, g, h, i, j, k };
}

export const GrownCodec: Codec<Grown> = {
  name: "everything.Grown",
  encode: encodeGrown,
  decode: decodeGrown,
};

export function encodeAwkward(writer: Writer, message: Awkward): void {
  writer.string(message.message, 65536, "Awkward.message");
  writer.string(message.reader, 65536, "Awkward.reader");
  writer.string(message.writer, 65536, "Awkward.writer");
  const at1 = writer.reserve(1);
  writer.putU8(at1, message.default, "Awkward.default");
  writer.count(message.delete.length, 65536, "Awkward.delete");
  for (const item of message.delete) {
    writer.putU8(writer.reserve(1), item, "Awkward.delete");
  }
  const at2 = writer.reserve(1);
  writer.putU8(at2, message.at1, "Awkward.at1");
  const at3 = writer.open();
  encodePoint(writer, message.end1);
  writer.close(at3);
  writer.count(message.item.length, 65536, "Awkward.item");
  for (const item of message.item) {
    writer.putU8(writer.reserve(1), item, "Awkward.item");
  }
  writer.count(message.mapKey.size, 65536, "Awkward.mapKey");
  for (const [mapKey, item] of message.mapKey) {
    writer.string(mapKey, 512, "Awkward.mapKey");
    writer.putU8(writer.reserve(1), item, "Awkward.mapKey");
  }
  writer.count(message.index.length, 65536, "Awkward.index");
  for (const item of message.index) {
    const at4 = writer.open();
    encodePoint(writer, item);
    writer.close(at4);
  }
  const at5 = writer.reserve(1);
  writer.putBool(at5, message.malformed, "Awkward.malformed");
  const at6 = writer.open();
  encodeShape(writer, message.union);
  writer.close(at6);
  const at7 = writer.reserve(1);
  writer.putU8(at7, numberOfClass(message.class, "Awkward.class"), "Awkward.class");
  writer.string(message.classValue, 65536, "Awkward.classValue");
  writer.count(message.classOf.length, 65536, "Awkward.classOf");
  for (const item of message.classOf) {
    writer.putU8(writer.reserve(1), numberOfClass(item, "Awkward.classOf"), "Awkward.classOf");
  }
  const at8 = writer.reserve(1);
  writer.putU8(at8, message.at1Value, "Awkward.at1Value");
  if (message.decodePoint === undefined) {
    writer.absent();
  } else {
    const at9 = writer.open();
    encodePoint(writer, message.decodePoint);
    writer.close(at9);
  }
  writer.count(message.encodePoint.size, 65536, "Awkward.encodePoint");
  for (const [mapKey, item] of message.encodePoint) {
    writer.string(mapKey, 512, "Awkward.encodePoint");
    const at10 = writer.open();
    encodePoint(writer, item);
    writer.close(at10);
  }
  const at11 = writer.reserve(8);
  writer.putU53(at11, message.then, "Awkward.then");
  writer.count(message.async.size, 65536, "Awkward.async");
  for (const [mapKey, item] of message.async) {
    writer.string(mapKey, 512, "Awkward.async");
    const at12 = writer.open();
    encodeThing(writer, item);
    writer.close(at12);
  }
  if (message.rpc === undefined) {
    writer.presence(false);
  } else {
    writer.presence(true);
    writer.putU8(writer.reserve(1), numberOfClass(message.rpc, "Awkward.rpc"), "Awkward.rpc");
  }
  const at13 = writer.reserve(8);
  writer.putF64(at13, message.syntax, "Awkward.syntax");
  if (message.decodeThing === undefined) {
    writer.absent();
  } else {
    const at14 = writer.open();
    encodeThing(writer, message.decodeThing);
    writer.close(at14);
  }
  writer.count(message.colourOf.size, 65536, "Awkward.colourOf");
  for (const [mapKey, item] of message.colourOf) {
    writer.string(mapKey, 512, "Awkward.colourOf");
    writer.putU8(writer.reserve(1), numberOfColour(item, "Awkward.colourOf"), "Awkward.colourOf");
  }
  writer.string(message.package, 65536, "Awkward.package");
}

export function decodeAwkward(reader: Reader): Awkward {
  const message = reader.string(65536, "Awkward.message");
  const reader_ = reader.string(65536, "Awkward.reader");
  const writer = reader.string(65536, "Awkward.writer");
  const at1 = reader.take(1);
  const default_ = reader.view.getUint8(at1);
  const at2 = reader.count(65536, 1, "Awkward.delete");
  const at3: number[] = [];
  for (let index = 0; index < at2; index++) {
    at3.push(reader.view.getUint8(reader.take(1)));
  }
  const delete_ = at3;
  const at4 = reader.take(1);
  const at1_ = reader.view.getUint8(at4);
  const end1 = reader.enter("Awkward.end1");
  const end1_ = decodePoint(reader);
  reader.leave(end1);
  const at5 = reader.count(65536, 1, "Awkward.item");
  const at6: number[] = [];
  for (let index = 0; index < at5; index++) {
    at6.push(reader.view.getUint8(reader.take(1)));
  }
  const item_ = at6;
  const at7 = reader.count(65536, 5, "Awkward.mapKey");
  const at8 = new Map<string, number>();
  for (let index = 0; index < at7; index++) {
    const mapKey = reader.string(512, "Awkward.mapKey");
    at8.set(mapKey, reader.view.getUint8(reader.take(1)));
  }
  if (at8.size !== at7) throw malformed("Awkward.mapKey", "has a key twice");
  const mapKey_ = at8;
  const at9 = reader.count(65536, 4, "Awkward.index");
  const at10: Point[] = [];
  for (let index = 0; index < at9; index++) {
    const end2 = reader.enter("Awkward.index");
    at10.push(decodePoint(reader));
    reader.leave(end2);
  }
  const index_ = at10;
  const at11 = reader.take(1);
  const malformed_ = reader.bool(at11, "Awkward.malformed");
  const end3 = reader.enter("Awkward.union");
  const union = decodeShape(reader);
  reader.leave(end3);
  const at12 = reader.take(1);
  const class_ = classOf(reader.view.getUint8(at12), "Awkward.class");
  const classValue = reader.string(65536, "Awkward.classValue");
  const at13 = reader.count(65536, 1, "Awkward.classOf");
  const at14: Class[] = [];
  for (let index = 0; index < at13; index++) {
    at14.push(classOf(reader.view.getUint8(reader.take(1)), "Awkward.classOf"));
  }
  const classOf_ = at14;
  const at15 = reader.take(1);
  const at1Value = reader.view.getUint8(at15);
  let decodePoint_: Point | undefined;
  if (!reader.isAbsent()) {
    const end4 = reader.enter("Awkward.decodePoint");
    decodePoint_ = decodePoint(reader);
    reader.leave(end4);
  }
  const at16 = reader.count(65536, 8, "Awkward.encodePoint");
  const at17 = new Map<string, Point>();
  for (let index = 0; index < at16; index++) {
    const mapKey = reader.string(512, "Awkward.encodePoint");
    const end5 = reader.enter("Awkward.encodePoint");
    at17.set(mapKey, decodePoint(reader));
    reader.leave(end5);
  }
  if (at17.size !== at16) throw malformed("Awkward.encodePoint", "has a key twice");
  const encodePoint = at17;
  const at18 = reader.take(8);
  const then = reader.u53(at18, "Awkward.then");
  const at19 = reader.count(65536, 8, "Awkward.async");
  const at20 = new Map<string, Thing>();
  for (let index = 0; index < at19; index++) {
    const mapKey = reader.string(512, "Awkward.async");
    const end6 = reader.enter("Awkward.async");
    at20.set(mapKey, decodeThing(reader));
    reader.leave(end6);
  }
  if (at20.size !== at19) throw malformed("Awkward.async", "has a key twice");
  const async = at20;
  const rpc = !reader.isPresent("Awkward.rpc") ? undefined : classOf(reader.view.getUint8(reader.take(1)), "Awkward.rpc");
  let syntax: number = -0.5;
  let decodeThing_: Thing | undefined = undefined;
  let colourOf_: ReadonlyMap<string, Colour> = new Map();
  let package_: string = "a\\\nb */ \" Ω";
  // Since version 3; an older sender ends before it.
  if (reader.position < reader.end) {
    const at21 = reader.take(8);
    syntax = reader.view.getFloat64(at21, true);
    if (!reader.isAbsent()) {
      const end7 = reader.enter("Awkward.decodeThing");
      decodeThing_ = decodeThing(reader);
      reader.leave(end7);
    }
    const at22 = reader.count(65536, 5, "Awkward.colourOf");
    const at23 = new Map<string, Colour>();
    for (let index = 0; index < at22; index++) {
      const mapKey = reader.string(512, "Awkward.colourOf");
      at23.set(mapKey, colourOf(reader.view.getUint8(reader.take(1)), "Awkward.colourOf"));
    }
    if (at23.size !== at22) throw malformed("Awkward.colourOf", "has a key twice");
    colourOf_ = at23;
    package_ = reader.string(65536, "Awkward.package");
  }
  reader.position = reader.end;
  return { message, reader: reader_, writer, default: default_, delete: delete_, at1: at1_, end1: end1_, item: item_, mapKey: mapKey_, index: index_, malformed: malformed_, union, class: class_, classValue, classOf: classOf_, at1Value, decodePoint: decodePoint_, encodePoint, then, async, rpc, syntax, decodeThing: decodeThing_, colourOf: colourOf_, package: package_ };
}

export const AwkwardCodec: Codec<Awkward> = {
  name: "everything.Awkward",
  encode: encodeAwkward,
  decode: decodeAwkward,
};

export function encodeShape(writer: Writer, union: Shape): void {
  switch (union.kind) {
    case "nothing":
      writer.putU8(writer.reserve(1), 1, "Shape");
      encodeNothing(writer, union.value);
      return;
    case "point":
      writer.putU8(writer.reserve(1), 7, "Shape");
      encodePoint(writer, union.value);
      return;
    default:
      throw outOfBounds("Shape", "a variant of Shape");
  }
}

export function decodeShape(reader: Reader): Shape {
  switch (reader.view.getUint8(reader.take(1))) {
    case 1:
      return { kind: "nothing", value: decodeNothing(reader) };
    case 7:
      return { kind: "point", value: decodePoint(reader) };
    default:
      reader.position = reader.end;
      return { kind: "unknown", value: undefined };
  }
}

export const ShapeCodec: Codec<Shape> = {
  name: "everything.Shape",
  encode: encodeShape,
  decode: decodeShape,
};

export function encodeThing(writer: Writer, union: Thing): void {
  switch (union.kind) {
    case "kind":
      writer.putU8(writer.reserve(1), 1, "Thing");
      encodePoint(writer, union.value);
      return;
    case "value":
      writer.putU8(writer.reserve(1), 2, "Thing");
      encodeNothing(writer, union.value);
      return;
    default:
      throw outOfBounds("Thing", "a variant of Thing");
  }
}

export function decodeThing(reader: Reader): Thing {
  switch (reader.view.getUint8(reader.take(1))) {
    case 1:
      return { kind: "kind", value: decodePoint(reader) };
    case 2:
      return { kind: "value", value: decodeNothing(reader) };
    default:
      throw outOfBounds("Thing", "a known variant");
  }
}

export const ThingCodec: Codec<Thing> = {
  name: "everything.Thing",
  encode: encodeThing,
  decode: decodeThing,
};
