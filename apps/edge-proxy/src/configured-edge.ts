import { readFileSync } from "node:fs";
import {
  type AdmissionOptions,
  type Authenticator,
  DevAuthenticator,
  type DrainOptions,
  defaultAdmission,
  defaultLimits,
  type EdgeLimits,
  type IdSource,
  JwtAuthenticator,
  type JwtKeySource,
  jwtKeys,
} from "@tidewire/edge-session";
import type { Clock } from "@tidewire/foundation";
import { isLoopback, parseHostPort, StartError } from "@tidewire/service";
import { type EdgeConfig, JWT_SECRET_MIN_LENGTH } from "./settings.ts";
import type { TlsFiles } from "./socket-engine/socket-engine.ts";

export function limitsOf({ limits }: EdgeConfig): EdgeLimits {
  if (limits.heartbeat < 1_000 || limits.heartbeat > 10_000) {
    throw new StartError("limits.heartbeat must be from 1s to 10s", 2);
  }
  return {
    ...defaultLimits,
    frameMaxBytes: limits.frameMaxBytes,
    ackWindowBytes: limits.ackWindowBytes,
    streamsMax: limits.streamsMax,
    requestsMax: limits.requestsMax,
    heartbeatMs: limits.heartbeat,
    idleMs: 2 * limits.heartbeat,
    authenticateMs: limits.authenticate,
    socketBufferMaxBytes: limits.socketBufferMaxBytes,
    outboundMaxBytes: limits.outboundMaxBytes,
    sendsPerSecond: limits.sendsPerSecond,
    sendsBurst: limits.sendsBurst,
    requestDeadlineMs: limits.requestDeadline,
    resubscribeBudgetMs: limits.resubscribeBudget,
    subscribeBudgetMs: limits.subscribeBudget,
    sessionsMax: limits.sessionsMax,
    sessionsPerAddressMax: limits.sessionsPerAddressMax,
    sessionsPerPrincipalMax: limits.sessionsPerPrincipalMax,
    httpRequestsMax: limits.httpRequestsMax,
  };
}

/** Two seconds' worth may come at once. */
const BURST_SECONDS = 2;

export function admissionOf({ limits }: EdgeConfig): AdmissionOptions {
  const bucket = (perSecond: number) => ({ perSecond, burst: perSecond * BURST_SECONDS });
  return {
    ...defaultAdmission,
    session: bucket(limits.newSessionsPerSecond),
    authentication: bucket(limits.authenticationsPerSecond),
    snapshot: bucket(limits.snapshotsPerSecond),
  };
}

export function drainOf({ drain }: EdgeConfig): DrainOptions {
  return { clientsPerSecond: drain.clientsPerSecond, spreadMaxMs: drain.spreadMax, graceMs: drain.grace };
}

export function tlsOf({ tls }: EdgeConfig): TlsFiles | undefined {
  const { certFile, keyFile, passphrase } = tls;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw new StartError("tls.certFile and tls.keyFile go together", 2);
  }
  // The native engine says nothing about a file it cannot read.
  for (const file of [certFile, keyFile]) readable(file, "tls");
  return { certFile, keyFile, passphrase };
}

export async function authenticatorOf(
  { auth, edge }: EdgeConfig,
  modules: { readonly clock: Clock; readonly newId: IdSource },
): Promise<Authenticator> {
  if (auth.mode === "dev") {
    const host = parseHostPort(edge.listen)!.host;
    if (!isLoopback(host) && !auth.allowDevOnPublicAddress) {
      throw new StartError(
        `auth.mode dev believes everyone and edge.listen ${edge.listen} is not loopback; configure auth.mode jwt, or set auth.allowDevOnPublicAddress`,
        2,
      );
    }
    return new DevAuthenticator(modules.newId);
  }
  const { issuers, audiences, clockTolerance } = auth.jwt;
  try {
    const keys = await jwtKeys(keySource(auth.jwt));
    return new JwtAuthenticator(keys, modules.clock, { issuers, audiences, clockToleranceMs: clockTolerance });
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot use the key of auth.jwt: ${(error as Error).message}`, 2);
  }
}

function keySource(jwt: EdgeConfig["auth"]["jwt"]): JwtKeySource {
  const publicKey =
    jwt.publicKeyFile === undefined ? jwt.publicKey : readable(jwt.publicKeyFile, "auth.jwt.publicKeyFile");
  const sources: JwtKeySource[] = [];
  if (jwt.jwksUrl !== undefined) sources.push({ kind: "jwks", url: jwt.jwksUrl });
  if (publicKey !== undefined) sources.push({ kind: "publicKey", key: publicKey, algorithm: jwt.algorithm });
  if (jwt.secret !== undefined) sources.push({ kind: "secret", secret: jwt.secret });
  if (jwt.secretFile !== undefined) sources.push({ kind: "secret", secret: secretIn(jwt.secretFile) });
  const [source, ...others] = sources;
  if (source === undefined || others.length > 0) {
    throw new StartError(
      "auth.mode jwt needs one of auth.jwt.jwksUrl, publicKey, publicKeyFile, secret or secretFile",
      2,
    );
  }
  return source;
}

function secretIn(file: string): string {
  const secret = readable(file, "auth.jwt.secretFile").trim();
  if (secret.length < JWT_SECRET_MIN_LENGTH) {
    throw new StartError(`auth.jwt.secretFile holds fewer than ${JWT_SECRET_MIN_LENGTH} characters`, 2);
  }
  return secret;
}

function readable(file: string, setting: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new StartError(`cannot read the file of ${setting}: ${(error as Error).message}`, 2);
  }
}
