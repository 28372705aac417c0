import type { LinkListener, LinkTransport, ServedMethods } from "@tidewire/link";
import { listenError } from "./start-error.ts";

/** Serves there; throws a `StartError` that names the setting `link.listen`. */
export async function listenForLinks(
  transport: LinkTransport,
  address: string,
  services: ServedMethods,
): Promise<LinkListener> {
  return await transport.listen(address, services).catch((error: unknown) => {
    throw listenError("the link", address, "link.listen", error);
  });
}
