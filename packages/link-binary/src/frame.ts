import type { Writer } from "@tidewire/wire";

// The frame of FORMAT.md:
//
//    0  u32 length   bytes after this field, 8 to FRAME_MAX_BYTES
//    4  u8  type
//    5  u8  flags
//    6  u16 method   0 where there is none
//    8  u32 stream   0 is the connection itself
//   12  body

export const HEADER_BYTES = 12;
/** The length field does not count itself. */
export const LENGTH_BYTES = 4;
export const LENGTH_MIN = HEADER_BYTES - LENGTH_BYTES;

/** Hard cap of the format, whatever is configured. */
export const FRAME_MAX_BYTES = 16 * 1024 * 1024;

/** Nothing longer is taken before the handshake is over. */
export const HANDSHAKE_FRAME_MAX_BYTES = 4096;

/** "TDWL" in the first four bytes of the first body. */
export const MAGIC = 0x4c57_4454;

/** Frames of the connection itself; those of calls and streams are `FrameType` of the port. */
export const ControlType = {
  hello: 1,
  welcome: 2,
  reject: 3,
  ping: 4,
  pong: 5,
  goAway: 6,
  credit: 7,
  /** The dialler's answer to the listener's nonce. */
  proof: 8,
} as const;

export const FIRST_SESSION_TYPE = 16;
export const LAST_SESSION_TYPE = 25;

export const Flag = {
  /** More fragments of this message follow. */
  more: 1,
  /** This is not the first fragment. */
  continued: 2,
} as const;

export const KNOWN_FLAGS = Flag.more | Flag.continued;

/** Begins a frame at the writer's position and returns where; `endFrame` fills in the length. */
export function beginFrame(writer: Writer, type: number, flags: number, method: number, stream: number): number {
  const at = writer.reserve(HEADER_BYTES);
  const { view } = writer;
  view.setUint8(at + 4, type);
  view.setUint8(at + 5, flags);
  view.setUint16(at + 6, method, true);
  view.setUint32(at + 8, stream, true);
  return at;
}

export function endFrame(writer: Writer, frameAt: number): void {
  writer.view.setUint32(frameAt, writer.position - frameAt - LENGTH_BYTES, true);
}
