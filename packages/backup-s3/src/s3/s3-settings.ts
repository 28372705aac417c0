/** Where objects go, and who says so. */
export interface S3Settings {
  /** `https://s3.example.com`; the bucket is not part of it. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** `path`: endpoint/bucket/key. `virtual-host`: bucket.endpoint/key. */
  readonly addressing: "path" | "virtual-host";
  readonly credentials: S3Credentials;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Options {
  /** A request, its body and its answer take at most this long. */
  readonly requestTimeoutMs: number;
  /** A request is sent at most this often. */
  readonly attemptsMax: number;
  readonly backoff: { readonly initialMs: number; readonly capMs: number };
  /** An answer is refused beyond this. */
  readonly answerMaxBytes: number;
}

export const defaultS3Options: S3Options = {
  // 8 MiB in 30 s is 2.2 Mbit/s: what is slower than that cannot keep up with a log anyway.
  requestTimeoutMs: 30_000,
  attemptsMax: 5,
  backoff: { initialMs: 200, capMs: 10_000 },
  answerMaxBytes: 64 * 1024 * 1024,
};

/** Throws `RangeError`, with what to do about it, for settings no request can be made with. */
export function checkS3Settings(settings: S3Settings): void {
  let url: URL;
  try {
    url = new URL(settings.endpoint);
  } catch {
    // It is not repeated: it may hold a password.
    throw new RangeError("s3.endpoint must be a URL like https://s3.example.com");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new RangeError("s3.endpoint must be http or https");
  if (url.pathname !== "/" || url.search !== "" || url.username + url.password !== "") {
    throw new RangeError("s3.endpoint must be scheme, host and port only; the bucket goes to s3.bucket");
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,62}$/.test(settings.bucket)) {
    throw new RangeError("s3.bucket must be 2 to 63 lower-case letters, digits, dots and dashes");
  }
}

export function objectUrl(settings: S3Settings, key: string): URL {
  const url = new URL(settings.endpoint);
  if (settings.addressing === "virtual-host") {
    url.hostname = `${settings.bucket}.${url.hostname}`;
    url.pathname = `/${key}`;
  } else {
    url.pathname = `/${settings.bucket}/${key}`;
  }
  return url;
}
