import { defaultBinaryLinkLimits } from "@tidewire/link-binary";
import { defaultGrpcLinkLimits } from "@tidewire/link-grpc";
import { installedVersion } from "../shared/installed-version.ts";

const { handshakeTimeoutMs, heartbeatMs, messageMaxBytes } = defaultGrpcLinkLimits;

/** What packages/link-grpc sets; a test compares this with its source. */
const clientOnly = {
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
  "grpc.enable_channelz": 0,
  "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
  "grpc-node.flow_control_window": 4 * 1024 * 1024,
};
const serverOnly = {
  "grpc.max_concurrent_streams": 100_000,
  "grpc.enable_channelz": 0,
  "grpc.max_connection_idle_ms": handshakeTimeoutMs,
};
const bothSides = {
  "grpc.keepalive_time_ms": heartbeatMs,
  "grpc.keepalive_timeout_ms": heartbeatMs,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_send_message_length": messageMaxBytes + 1024 * 1024,
  "grpc.max_receive_message_length": messageMaxBytes + 1024 * 1024,
};
export const channelOptionsInUse = { ...clientOnly, ...bothSides };
export const serverOptionsInUse = { ...serverOnly, ...bothSides };

/** Everything either side of the comparison is set to: the defaults of both transports, which production uses, too. */
export function fairSettings(): Record<string, unknown> {
  return {
    both: "plain TCP on loopback without TLS, TCP_NODELAY, one connection per pair of peers, the same generated codecs, sessions, credits and handshake",
    binary: { limits: defaultBinaryLinkLimits, linger: "off" },
    grpc: {
      version: `@grpc/grpc-js ${installedVersion("@grpc/grpc-js")}`,
      serializer: "bytes of the generated codec, which costs gRPC less than protobufjs would",
      shapes: ["a stream per document connection", "one multiplexed stream"],
      limits: defaultGrpcLinkLimits,
      channelOptions: channelOptionsInUse,
      serverOptions: serverOptionsInUse,
      tunings: {
        public:
          "these options and nothing else; a write for each message, each message handed over as grpc-js tells of it; rows without suffix",
        internals:
          "as shipped, and in the private parts of grpc-js: messages of a turn go to HTTP/2 together, each a gRPC message of its own, and are handed over together; no retry buffer; the server's window is the client's; rows with the suffix internals",
      },
      maxSessionMemory: "default (unlimited): any lower value ended loaded runs with RESOURCE_EXHAUSTED",
    },
  };
}
