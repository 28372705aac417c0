import { LinkServiceTable } from "@tidewire/link";
import { HostService } from "@tidewire/protocol-host";
import { RoutingService } from "@tidewire/protocol-routing";
import { CountingMetrics } from "../../shared/counting-metrics.ts";
import { serveRole } from "../../shared/role.ts";
import { createTransport, type LinkVariant } from "../link-variants.ts";
import { RelayHost, tableOf, WaitingFrames } from "./relay-host.ts";

/** What an edge needs of the rest of the system, in one process that answers at once: the only host, and the table of it. */
async function listen(variant: LinkVariant): Promise<string> {
  const host = new RelayHost();
  const services = new LinkServiceTable();
  let address = "";
  services.unary(HostService.methods.create, () => host.create());
  services.unary(HostService.methods.send, (request) => host.send(request));
  services.stream(HostService.methods.connect, ({ key, principal }, stream) => {
    const frames = new WaitingFrames((frame) => stream.send(frame));
    const pump = (): void => frames.pump(() => stream.credit);
    host.connect(key, {
      agent: principal.agent,
      deliver: (frame) => {
        frames.add(frame);
        pump();
      },
    });
    return { credit: pump };
  });
  services.stream(RoutingService.methods.watch, (_request, stream) => {
    stream.send(tableOf(address));
    return {};
  });
  const transport = createTransport(variant, "document-host", new CountingMetrics());
  ({ address } = await transport.listen("127.0.0.1:0", services));
  return address;
}

serveRole({ start: listen });
