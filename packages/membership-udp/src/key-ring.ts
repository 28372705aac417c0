import { createHash } from "node:crypto";
import { ServiceError } from "@tidewire/foundation";

export const KEY_BYTES = 32;
/** Keys a node holds at a time: the one in use, its predecessor and its successor, and some room. */
const KEYS_MAX = 8;

export interface GossipKey {
  /** First four bytes of a hash of the key: names it without a second thing to configure. */
  readonly id: number;
  readonly secret: Uint8Array;
}

/** The keys of the group. The first seals, all of them open; that is what makes a rotation without a gap. */
export class KeyRing {
  #keys: readonly GossipKey[];

  constructor(secrets: readonly Uint8Array[]) {
    this.#keys = checked(secrets);
  }

  get sealing(): GossipKey {
    return this.#keys[0]!;
  }

  get ids(): readonly number[] {
    return this.#keys.map((key) => key.id);
  }

  find(id: number): GossipKey | undefined {
    return this.#keys.find((key) => key.id === id);
  }

  replace(secrets: readonly Uint8Array[]): void {
    this.#keys = checked(secrets);
  }
}

function checked(secrets: readonly Uint8Array[]): readonly GossipKey[] {
  if (secrets.length === 0 || secrets.length > KEYS_MAX || secrets.some((secret) => secret.length !== KEY_BYTES)) {
    throw new ServiceError("invalid_argument", `gossip needs 1 to ${KEYS_MAX} keys of ${KEY_BYTES} bytes`, {
      details: { parameter: "keys" },
    });
  }
  return secrets.map((secret) => ({
    id: createHash("sha256").update("tidewire gossip key id").update(secret).digest().readUInt32BE(0),
    secret: Uint8Array.from(secret),
  }));
}
