export type { ConformanceCard, ConformanceView } from "./conformance-view.ts";
export { type DownFrame, RawClient } from "./raw-client.ts";
export { repositoryRoot, System, type SystemOptions, type SystemProcess } from "./system.ts";
