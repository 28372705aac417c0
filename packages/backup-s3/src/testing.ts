export {
  doubleCredentials,
  S3Double,
  type S3DoubleOptions,
  type S3DoubleRequest,
  type S3Fault,
} from "./testing/s3-double.ts";
