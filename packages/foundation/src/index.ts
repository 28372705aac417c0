export { Backoff, type BackoffOptions, defaultBackoff } from "./backoff.ts";
export { BoundedQueue } from "./bounded-queue.ts";
export { type Clock, ManualClock, SystemClock, type Timer } from "./clock.ts";
export {
  type ErrorAudience,
  type ErrorCode,
  type ErrorDefinition,
  errorRegistry,
} from "./generated/error-registry.ts";
export { type Logger, noLogger } from "./logger.ts";
export {
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type MetricsSink,
  noMetrics,
} from "./metrics.ts";
export {
  checkedMarker,
  type DocumentName,
  documentName,
  documentPath,
  type Principal,
  samePrincipal,
} from "./names.ts";
export { type BucketRate, PacedBucket } from "./paced-bucket.ts";
export { type Random, type RandomState, SeededRandom, SystemRandom } from "./random.ts";
export {
  type ErrorBody,
  type ErrorDetails,
  errorCodeOf,
  httpStatusOf,
  ServiceError,
  type ServiceErrorOptions,
} from "./service-error.ts";
