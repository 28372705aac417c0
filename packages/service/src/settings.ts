import { z } from "zod";
import { linkTlsSettings } from "./link-certificate.ts";
import { DEFINED_HEARTBEAT_MS } from "./link-heartbeat.ts";

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration setting: `250ms`, `10s`, `5m`, `24h`, or a number of milliseconds. The value is in milliseconds. */
export const duration = () =>
  z.union([z.string(), z.number()]).transform((value, context) => {
    const text = typeof value === "number" ? `${value}ms` : value.trim();
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
    if (match === null) {
      context.addIssue({ code: "custom", message: `"${value}" is no duration; write for example 250ms, 10s or 5m` });
      return z.NEVER;
    }
    return Number(match[1]) * UNITS_MS[match[2] ?? "ms"]!;
  });

/** A `host:port` setting; `[::1]:8080` for IPv6. */
export const hostPort = () =>
  z
    .string()
    .refine((text) => parseHostPort(text) !== undefined, { message: "must be host:port, for example 127.0.0.1:8080" });

export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port > 65_535 ? undefined : { host: (match[1] ?? match[2])!, port };
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Settings every process has. */
export const commonSettings = {
  node: z
    .strictObject({
      id: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .describe("name of this process, unique in the cluster; default role-hostname"),
      zone: z.string().max(64).default("").describe("failure zone this process runs in"),
    })
    .prefault({}),
  link: z
    .strictObject({
      kind: z.enum(["binary", "grpc"]).default("binary").describe("how processes talk to each other (also: LINK)"),
      grpcShape: z
        .enum(["multiplexed", "stream-per-document"])
        .default("multiplexed")
        .describe("with grpc: one gRPC stream per connection, or one per document stream"),
      grpcTuning: z
        .enum(["internals", "public"])
        .default("internals")
        .describe("with grpc: `public` sets nothing but its public options, and is slow; for comparisons"),
      listen: hostPort().optional().describe("address the link listens on; default depends on the role"),
      advertise: hostPort().optional().describe("address others reach the link at; default: the address listened on"),
      sharedKey: z.string().min(16).optional().describe("secret that all processes of a cluster share"),
      sharedKeyFile: z.string().optional().describe("file that holds the secret instead"),
      heartbeat: duration()
        .default(DEFINED_HEARTBEAT_MS)
        .describe("interval of heartbeats on a silent link; default: the shortest of the services' definitions"),
      tls: linkTlsSettings,
    })
    .prefault({}),
  admin: z
    .strictObject({
      listen: hostPort().default("127.0.0.1:0").describe("address of /healthz, /readyz and /metrics; port 0 picks one"),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info").describe("least level written"),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      grace: duration().default(25_000).describe("longest time draining and stopping may take after SIGTERM"),
    })
    .prefault({}),
} as const;

export type CommonConfig = z.output<z.ZodObject<typeof commonSettings>>;
