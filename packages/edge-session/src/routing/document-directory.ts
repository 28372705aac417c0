import type { DocumentName } from "@tidewire/foundation";

/** A process that may own documents. A restarted one has the same id and another `boot`. */
export interface HostPlace {
  readonly id: string;
  /** `host:port` of its link. */
  readonly address: string;
  readonly boot: number;
}

/** Where documents should be, by the newest routing table known here. Wrong answers cost time, never safety. */
export interface DocumentDirectory {
  /** Version of the table; 0 before the first one. */
  readonly version: number;
  /** `undefined` while no host may own documents. */
  ownerOf(name: DocumentName): HostPlace | undefined;
  /** Whether that very process is in the table, and whether it is leaving. */
  standingOf(host: HostPlace): "present" | "draining" | "gone";
  /** Calls back after every new table. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void;
}

export function sameHost(a: HostPlace | undefined, b: HostPlace | undefined): boolean {
  return a?.id === b?.id && a?.boot === b?.boot && a?.address === b?.address;
}
