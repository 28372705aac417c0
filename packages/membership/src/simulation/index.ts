export {
  type AnomalyCell,
  type AnomalyOptions,
  type AnomalyResult,
  anomalyGrid,
  anomalySlice,
  runAnomalyCell,
  sumOf,
} from "./experiments/anomaly-grid.ts";
export { type CrashLatency, type CrashOptions, measureCrashLatency, quantile } from "./experiments/crash-latency.ts";
export { VirtualClock } from "./virtual-clock.ts";
export { type GroupChange, VirtualGroup, type VirtualGroupOptions } from "./virtual-group.ts";
export { VirtualMember, type VirtualMemberModules, type VirtualMemberOptions } from "./virtual-member.ts";
export {
  calmNetwork,
  egressLoss,
  ingressLoss,
  type LinkFault,
  type NetworkEndpoint,
  type NetworkOptions,
  oneWayBlock,
  split,
  VirtualNetwork,
} from "./virtual-network.ts";
