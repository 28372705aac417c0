import type { ChannelOptions } from "@grpc/grpc-js";
import type { GrpcLinkLimits } from "./grpc-link-options.ts";

/** Header of our message on top of the largest body. */
const MESSAGE_MARGIN_BYTES = 1024 * 1024;
/** Bytes under way on a gRPC stream and on a connection, each way. */
export const WINDOW_BYTES = 4 * 1024 * 1024;
const LONG_MS = 2 ** 31 - 1;

/**
 * Tuned as well as grpc-js allows; the measurements behind each are in research/link.md section 4. `max_session_memory`
 * stays at its default, unlimited: any lower value ended loaded runs with RESOURCE_EXHAUSTED.
 */
export function channelOptions(limits: GrpcLinkLimits): ChannelOptions {
  return {
    // Otherwise all channels to one address share a connection.
    "grpc.use_local_subchannel_pool": 1,
    // Saves the retry buffer; retrying is `PeerLink`'s business.
    "grpc.enable_retries": 0,
    "grpc.enable_channelz": 0,
    "grpc.client_idle_timeout_ms": LONG_MS,
    // Helps in saturation; the server ignores it and is told by `widenWindow`.
    "grpc-node.flow_control_window": WINDOW_BYTES,
    ...commonOptions(limits),
  };
}

export function serverOptions(limits: GrpcLinkLimits): ChannelOptions {
  return {
    "grpc.max_concurrent_streams": 100_000,
    // A link has its control stream as long as it lives: who has none is a stranger that does not shake hands.
    "grpc.max_connection_idle_ms": limits.handshakeTimeoutMs,
    "grpc.enable_channelz": 0,
    ...commonOptions(limits),
  };
}

function commonOptions(limits: GrpcLinkLimits): ChannelOptions {
  return {
    "grpc.keepalive_time_ms": limits.heartbeatMs,
    "grpc.keepalive_timeout_ms": limits.heartbeatMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_send_message_length": limits.messageMaxBytes + MESSAGE_MARGIN_BYTES,
    "grpc.max_receive_message_length": limits.messageMaxBytes + MESSAGE_MARGIN_BYTES,
  };
}
