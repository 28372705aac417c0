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
