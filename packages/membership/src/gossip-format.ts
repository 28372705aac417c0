import {
  type ExchangeRequest,
  ExchangeRequestCodec,
  type ExchangeResponse,
  ExchangeResponseCodec,
  GossipPacketCodec,
  type GossipPart,
  GossipPartCodec,
} from "@tidewire/protocol-routing";
import { type Codec, Reader, Writer } from "@tidewire/wire";

/** Oldest and newest version of gossip.xml this code speaks. */
export const PROTOCOL_MIN = 1;
export const PROTOCOL_MAX = 1;

/** What a packet costs beside its parts: their count. */
export const PACKET_OVERHEAD_BYTES = 4;
/** What a part costs beside its bytes: their number. */
export const PART_OVERHEAD_BYTES = 4;
/** Parts in one packet; gossip.xml says the same. */
export const PARTS_MAX = 64;

/** Turns messages into bytes and back; keeps one slab and one reader, so one per engine. */
export class GossipFormat {
  readonly #writer = new Writer({ initialBytes: 2_048 });
  readonly #reader = new Reader();
  readonly #partReader = new Reader();

  part(part: GossipPart): Uint8Array {
    return this.#encode(GossipPartCodec, part);
  }

  packet(parts: readonly Uint8Array[]): Uint8Array {
    return this.#encode(GossipPacketCodec, { parts });
  }

  request(request: ExchangeRequest): Uint8Array {
    return this.#encode(ExchangeRequestCodec, request);
  }

  response(response: ExchangeResponse): Uint8Array {
    return this.#encode(ExchangeResponseCodec, response);
  }

  /** Throws a `ServiceError` on a packet that is none; a part that is none is left out and counted by `onFault`. */
  readPacket(packet: Uint8Array, onFault: () => void): GossipPart[] {
    const parts: GossipPart[] = [];
    for (const bytes of GossipPacketCodec.decode(this.#reader.reset(packet)).parts) {
      try {
        const part = GossipPartCodec.decode(this.#partReader.reset(bytes));
        if (part.kind !== "unknown") parts.push(part);
      } catch {
        onFault();
      }
    }
    return parts;
  }

  readRequest(body: Uint8Array): ExchangeRequest {
    return ExchangeRequestCodec.decode(this.#reader.reset(body));
  }

  readResponse(body: Uint8Array): ExchangeResponse {
    return ExchangeResponseCodec.decode(this.#reader.reset(body));
  }

  #encode<Message>(codec: Codec<Message>, message: Message): Uint8Array {
    this.#writer.reset();
    codec.encode(this.#writer, message);
    return this.#writer.written().slice();
  }
}
