export { type RestartRecord, restartRecord } from "./log/restart-record.ts";
export { LogFormatError } from "./log/restore-state.ts";
