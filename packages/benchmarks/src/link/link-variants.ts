import { type MetricsSink, noLogger, SystemClock, SystemRandom } from "@tidewire/foundation";
import type { LinkTransport } from "@tidewire/link";
import { createBinaryLinkTransport } from "@tidewire/link-binary";
import { createGrpcLinkTransport, type GrpcShape, type GrpcTuning } from "@tidewire/link-grpc";

/**
 * gRPC in both its shapes, each by grpc-js's public options alone, and as we ship it, with what our link sets in the
 * private parts of grpc-js.
 */
const grpcSettings = {
  grpcMultiplexed: { shape: "multiplexed", tuning: "public" },
  grpcMultiplexedInternals: { shape: "multiplexed", tuning: "internals" },
  grpcStreams: { shape: "stream-per-document", tuning: "public" },
  grpcStreamsInternals: { shape: "stream-per-document", tuning: "internals" },
} as const satisfies Readonly<Record<string, { readonly shape: GrpcShape; readonly tuning: GrpcTuning }>>;

export type GrpcVariant = keyof typeof grpcSettings;
export type LinkVariant = "binary" | GrpcVariant;

export const grpcVariants = Object.keys(grpcSettings) as readonly GrpcVariant[];
/** The links that are compared. */
export const linkVariants: readonly LinkVariant[] = ["binary", ...grpcVariants];

export const variantWords: Readonly<Record<LinkVariant, string>> = {
  binary: "binary",
  grpcMultiplexed: "gRPC, one multiplexed stream",
  grpcMultiplexedInternals: "gRPC with our reach into grpc-js, one multiplexed stream",
  grpcStreams: "gRPC, a stream per document connection",
  grpcStreamsInternals: "gRPC with our reach into grpc-js, a stream per document connection",
};

export function shapeOf(variant: GrpcVariant): GrpcShape {
  return grpcSettings[variant].shape;
}

export function otherShape(variant: GrpcVariant): GrpcVariant {
  const { tuning } = grpcSettings[variant];
  return grpcVariantsOf(tuning).find((other) => other !== variant)!;
}

export const BENCHMARK_KEY = "the key of the benchmarks";

/** Every transport with its defaults, as the services make it; only the identity differs, and gRPC's shape and tuning. */
export function createTransport(variant: LinkVariant, role: string, metrics: MetricsSink): LinkTransport {
  const identity = { nodeId: `${role}-1`, role, sharedKey: BENCHMARK_KEY };
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics };
  if (variant === "binary") return createBinaryLinkTransport(identity, modules);
  return createGrpcLinkTransport({ ...identity, ...grpcSettings[variant] }, modules);
}

export const grpcTunings = ["public", "internals"] as const satisfies readonly GrpcTuning[];

/** The settings of the services that choose the link. */
export function linkEnvironment(variant: LinkVariant): Readonly<Record<string, string>> {
  if (variant === "binary") return { LINK: "binary" };
  const { shape, tuning } = grpcSettings[variant];
  return { LINK: "grpc", LINK_GRPC_SHAPE: shape, TIDEWIRE_LINK_GRPC_TUNING: tuning };
}

export function grpcVariantsOf(tuning: GrpcTuning): readonly GrpcVariant[] {
  return grpcVariants.filter((variant) => grpcSettings[variant].tuning === tuning);
}
