import { defaultAdmission, defaultDrain, defaultLimits } from "@tidewire/edge-session";
import { duration, hostPort, z } from "@tidewire/service";

const count = (value: number) => z.int().min(1).default(value);

/** 256 bits of HS256 (RFC 7518, section 3.2), if every character carries eight. */
export const JWT_SECRET_MIN_LENGTH = 32;

/** The settings of the edge; `--help` prints them. */
export const edgeSettings = {
  edge: z
    .strictObject({
      listen: hostPort().default("127.0.0.1:8080").describe("public address of HTTP and WebSocket; port 0 picks one"),
      engine: z
        .enum(["auto", "uws", "ws"])
        .default("auto")
        .describe("socket engine (also: EDGE_SOCKET_ENGINE); auto falls back to ws where the native one does not load"),
      assets: z.string().optional().describe("folder of static files served at /"),
      origins: z.array(z.string()).default(["*"]).describe("web origins that may connect; * allows all"),
      trustedProxies: z
        .int()
        .min(0)
        .max(16)
        .default(0)
        .describe("proxies in front that append to X-Forwarded-For; the client's address is counted from its end"),
    })
    .prefault({}),
  tls: z
    .strictObject({
      certFile: z.string().optional().describe("PEM certificate chain; without it the edge speaks plain HTTP"),
      keyFile: z.string().optional().describe("PEM private key"),
      passphrase: z.string().optional().describe("passphrase of the private key"),
    })
    .prefault({}),
  auth: z
    .strictObject({
      mode: z.enum(["dev", "jwt"]).default("dev").describe("dev believes dev:NAME and is for loopback only"),
      allowDevOnPublicAddress: z
        .boolean()
        .default(false)
        .describe("let dev mode listen on an address others can reach"),
      ticketSecret: z
        .string()
        .min(16)
        .optional()
        .describe("signs the tickets of draining edges; default: derived from the shared key of the links"),
      jwt: z
        .strictObject({
          jwksUrl: z.url().optional().describe("URL of the issuer's JSON Web Key Set"),
          publicKey: z.string().optional().describe("public key instead, as SPKI in PEM or a JWK"),
          publicKeyFile: z.string().optional().describe("file that holds the public key"),
          algorithm: z.string().default("RS256").describe("algorithm of the public key"),
          secret: z.string().min(JWT_SECRET_MIN_LENGTH).optional().describe("HS256 secret instead; better in a file"),
          secretFile: z.string().optional().describe("file that holds the HS256 secret, of 32 characters or more"),
          issuers: z.array(z.string()).default([]).describe("accepted iss; empty accepts all the key vouches for"),
          audiences: z.array(z.string()).default([]).describe("accepted aud; empty does not look"),
          clockTolerance: duration().default(0).describe("how far the issuer's clock may be off"),
        })
        .prefault({}),
    })
    .prefault({}),
  routing: z
    .strictObject({
      addresses: z.array(hostPort()).default([]).describe("link addresses of the routing-table processes"),
    })
    .prefault({}),
  limits: z
    .strictObject({
      frameMaxBytes: count(defaultLimits.frameMaxBytes).describe("longest frame from a client, and HTTP body"),
      ackWindowBytes: count(defaultLimits.ackWindowBytes).describe("unacknowledged stream data per socket"),
      streamsMax: count(defaultLimits.streamsMax).describe("document streams per session"),
      requestsMax: count(defaultLimits.requestsMax).describe("requests in flight per session"),
      heartbeat: duration().default(defaultLimits.heartbeatMs).describe("interval of heartbeats, 5s to 10s"),
      authenticate: duration()
        .default(defaultLimits.authenticateMs)
        .describe("a socket that is nobody's is closed then"),
      socketBufferMaxBytes: count(defaultLimits.socketBufferMaxBytes).describe("streams stand still above this"),
      outboundMaxBytes: count(defaultLimits.outboundMaxBytes).describe("a client that lets more wait is closed"),
      sendsPerSecond: count(defaultLimits.sendsPerSecond).describe("requests per session and second"),
      sendsBurst: count(defaultLimits.sendsBurst).describe("requests per session at once after a pause"),
      requestDeadline: duration().default(defaultLimits.requestDeadlineMs).describe("longest time of a request"),
      resubscribeBudget: duration()
        .default(defaultLimits.resubscribeBudgetMs)
        .describe("how long a live stream is re-subscribed before its client sees an end"),
      subscribeBudget: duration()
        .default(defaultLimits.subscribeBudgetMs)
        .describe("how long a new stream may take to become live"),
      sessionsMax: count(defaultLimits.sessionsMax).describe("sessions of this process"),
      sessionsPerAddressMax: count(defaultLimits.sessionsPerAddressMax).describe("sessions per client address"),
      sessionsPerPrincipalMax: count(defaultLimits.sessionsPerPrincipalMax).describe("sessions per principal"),
      httpRequestsMax: count(defaultLimits.httpRequestsMax).describe("HTTP requests waiting for their answer"),
      newSessionsPerSecond: count(defaultAdmission.session.perSecond).describe("sessions let in per second"),
      authenticationsPerSecond: count(defaultAdmission.authentication.perSecond).describe("tokens judged per second"),
      snapshotsPerSecond: count(defaultAdmission.snapshot.perSecond).describe("streams opened from nothing per second"),
    })
    .prefault({}),
  drain: z
    .strictObject({
      clientsPerSecond: count(defaultDrain.clientsPerSecond).describe("clients sent away per second on SIGTERM"),
      spreadMax: duration().default(defaultDrain.spreadMaxMs).describe("longest time over which they are spread"),
      grace: duration().default(defaultDrain.graceMs).describe("time to leave before sockets are closed"),
    })
    .prefault({}),
} as const;

export type EdgeConfig = z.output<z.ZodObject<typeof edgeSettings>>;
