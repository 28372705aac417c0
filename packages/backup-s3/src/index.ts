export { BackupReader, type ManifestChoice, RestoreError } from "./restore/backup-reader.ts";
export type { DocumentAt, HistoryMoment, HistoryRecord } from "./restore/document-history.ts";
export { type FoundDocument, findDocument } from "./restore/find-document.ts";
export type { LostPart } from "./restore/part-source.ts";
export {
  type RestoredDirectory,
  RestoreIncomplete,
  type RestoreProgress,
  restoreDirectory,
} from "./restore/restore-directory.ts";
export { type CredentialSources, readCredentials } from "./s3/read-credentials.ts";
export { S3Client } from "./s3/s3-client.ts";
export { S3Error } from "./s3/s3-error.ts";
export { defaultS3Options, type S3Credentials, type S3Options, type S3Settings } from "./s3/s3-settings.ts";
export { BackupKeys } from "./store/backup-keys.ts";
export type { ListedManifest } from "./store/find-manifests.ts";
export type { BackupManifest } from "./store/manifest.ts";
export { Backup, type BackupIdentity, type BackupModules, type BackupStatus } from "./upload/backup.ts";
export { type BackupOptions, defaultBackupOptions } from "./upload/backup-options.ts";
