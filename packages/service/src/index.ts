export { z } from "zod";
export { type AdminServer, type AdminServerOptions, startAdminServer } from "./admin-server.ts";
export { type ConfigField, configFields } from "./config-fields.ts";
export { type ConfigSources, type LoadedConfig, loadConfig } from "./config-loader.ts";
export { type LinkTlsSettings, linkTlsSettings, readLinkCertificate } from "./link-certificate.ts";
export { listenForLinks } from "./listen-for-links.ts";
export { createRegistry, prometheusSink } from "./metrics.ts";
export {
  DEVELOPMENT_KEY,
  type RunningService,
  runService,
  type ServiceConfig,
  type ServiceContext,
  type ServiceDescription,
} from "./run-service.ts";
export { type CommonConfig, commonSettings, duration, hostPort, isLoopback, parseHostPort } from "./settings.ts";
export { listenError, StartError } from "./start-error.ts";
