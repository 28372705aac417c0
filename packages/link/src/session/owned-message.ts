import type { Codec, Reader } from "@tidewire/wire";

/**
 * Reads a message that belongs to whoever gets it, although the carrier's buffer is overwritten by the next read: what
 * would be a view into it is copied, and only that. Copying the whole body would cost more than decoding it.
 */
export function ownedMessage<Message>(codec: Codec<Message>, body: Reader, isOwned: boolean): Message {
  body.copiesBytes = !isOwned;
  try {
    return codec.decode(body);
  } finally {
    body.copiesBytes = false;
  }
}
