/** The control stream of a connection. */
export const CONTROL_PATH = "/tidewire.link.Link/Connect";
/** A stream of the port with a gRPC stream of its own. */
export const STREAM_PATH = "/tidewire.link.Link/Stream";
/** Metadata of such a stream: the token of its connection, as the listener gave it on the control stream. */
export const TOKEN_KEY = "tidewire-connection";
/** Type of the message with the token, behind the handshake; types 1 to 8 are those of the binary link. */
export const READY_TYPE = 9;

/** Messages are bytes on both sides of gRPC. */
export function identity(bytes: Buffer): Buffer {
  return bytes;
}
