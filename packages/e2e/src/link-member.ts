import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { createGrpcLinkTransport } from "@tidewire/link-grpc";
import { DEVELOPMENT_KEY } from "@tidewire/service";

/** What a test needs to speak to the processes of the system as one of them, over the kind of link they have (`LINK`). */
export function linkMember(nodeId: string, role: string) {
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const identity = { nodeId, role, sharedKey: DEVELOPMENT_KEY, heartbeatMs: 5_000 };
  const create = process.env["LINK"] === "grpc" ? createGrpcLinkTransport : createBinaryLinkTransport;
  return { ...modules, transport: create(identity, modules) };
}
