import { type MetricsSink, noLogger, SystemClock, SystemRandom } from "@tidewire/foundation";
import type { LinkTransport } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { createGrpcLinkTransport, type GrpcShape } from "@tidewire/link-grpc";

/** The three links that are compared, and no link at all: the edge role answers by itself. */
export const linkVariants = ["binary", "grpcStreams", "grpcMultiplexed"] as const;
export type LinkVariant = (typeof linkVariants)[number];
export const grpcVariants = ["grpcStreams", "grpcMultiplexed"] as const;
export type GrpcVariant = (typeof grpcVariants)[number];

export const variantWords: Readonly<Record<LinkVariant, string>> = {
  binary: "binary",
  grpcStreams: "gRPC, a stream per document connection",
  grpcMultiplexed: "gRPC, one multiplexed stream",
};

/** Every transport with its defaults, as the services make it; only the identity differs. */
export function createTransport(variant: LinkVariant, role: string, metrics: MetricsSink): LinkTransport {
  const identity = { nodeId: `${role}-1`, role, sharedKey: "the key of the benchmarks" };
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics };
  if (variant === "binary") return createBinaryLinkTransport(identity, modules);
  return createGrpcLinkTransport({ ...identity, shape: grpcShapeOf(variant) }, modules);
}

export function grpcShapeOf(variant: LinkVariant): GrpcShape {
  return variant === "grpcStreams" ? "stream-per-document" : "multiplexed";
}
