import type { LinkCaller } from "@tidewire/link";

/** The links to document hosts, one per address, made when first needed. */
export interface HostLinks {
  linkTo(address: string): LinkCaller;
}

/**
 * How long a request waits for a link to come up before ownership is looked at again: a dead host's documents have
 * another owner as soon as the table says so. Far above what connecting takes within a region.
 */
export const LINK_WAIT_MS = 250;
