import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { errorResponse, type HttpRequest, type HttpResponse, noSuchPath } from "@tidewire/edge-session";
import { ServiceError } from "@tidewire/foundation";
import { StartError } from "@tidewire/service";

interface Asset {
  readonly body: Buffer;
  readonly tag: string;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface StaticAssetLimits {
  readonly totalMaxBytes: number;
  readonly filesMax: number;
}

export const defaultStaticAssetLimits: StaticAssetLimits = { totalMaxBytes: 128 * 1024 * 1024, filesMax: 10_000 };

const contentTypes: ReadonlyMap<string, string> = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".mjs", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json; charset=utf-8"],
  [".map", "application/json; charset=utf-8"],
  [".webmanifest", "application/manifest+json; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".md", "text/markdown; charset=utf-8"],
  [".xml", "application/xml; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".jpg", "image/jpeg"],
  [".jpeg", "image/jpeg"],
  [".gif", "image/gif"],
  [".webp", "image/webp"],
  [".avif", "image/avif"],
  [".ico", "image/x-icon"],
  [".woff", "font/woff"],
  [".woff2", "font/woff2"],
  [".ttf", "font/ttf"],
  [".wasm", "application/wasm"],
  [".mp3", "audio/mpeg"],
  [".mp4", "video/mp4"],
]);

/**
 * A bundler's content hash in a file name: such a file never changes. Eight or more characters of base 32 or 64 with a digit
 * and a capital that is not the first, or hexadecimal with both; so no name that people give, such as `board-settings.js`: taking
 * that for a hash would keep an old page in browsers for a year, and the other mistake costs a 304.
 */
const HASHED_NAME =
  /[-.](?:(?=[^.]*[0-9])(?=[^.]+[A-Z])[A-Za-z0-9_-]{8,}|(?=[^.]*[0-9])(?=[^.]*[a-f])[0-9a-f]{8,})\.[a-z0-9]+$/;

/**
 * Files of one folder, read into memory once: a request is a look-up, so no path can reach outside, and a full disk or a
 * deployment in progress cannot hurt. Browsers get `index.html` for paths that are no file and look like none: single-page apps.
 */
export class StaticAssets {
  readonly #assets = new Map<string, Asset>();
  readonly #limits: StaticAssetLimits;
  #totalBytes = 0;

  /** Throws a `StartError` if the folder cannot be read or holds too much. */
  constructor(folder: string, limits: StaticAssetLimits = defaultStaticAssetLimits) {
    this.#limits = limits;
    try {
      const root = realpathSync(folder);
      this.#read(root, root);
    } catch (error) {
      if (error instanceof StartError) throw error;
      throw new StartError(`cannot read edge.assets: ${(error as Error).message}`, 2);
    }
  }

  get count(): number {
    return this.#assets.size;
  }

  handle(request: HttpRequest): HttpResponse {
    if (request.method !== "GET" && request.method !== "HEAD") {
      const error = new ServiceError("unsupported", "files can only be read");
      return { ...errorResponse(error, { Allow: "GET, HEAD" }), status: 405 };
    }
    const asset = this.#assetAt(request.path) ?? this.#pageFor(request);
    if (asset === undefined) return noSuchPath();
    const headers = {
      ETag: asset.tag,
      "Cache-Control": asset.cacheControl,
      "X-Content-Type-Options": "nosniff",
    };
    const known = request
      .header("if-none-match")
      ?.split(",")
      .map((tag) => tag.trim().replace(/^W\//, ""));
    if (known?.includes(asset.tag) === true) return { kind: "response", status: 304, headers };
    return {
      kind: "response",
      status: 200,
      headers: { "Content-Type": asset.contentType, ...headers },
      body: asset.body,
    };
  }

  #assetAt(path: string): Asset | undefined {
    let decoded: string;
    try {
      decoded = decodeURIComponent(path);
    } catch {
      return undefined;
    }
    const folderPath = decoded.endsWith("/") ? decoded : `${decoded}/`;
    return this.#assets.get(decoded) ?? this.#assets.get(`${folderPath}index.html`);
  }

  /** The page of a single-page app, for a browser on one of its routes; programs that mistype a path get their 404. */
  #pageFor(request: HttpRequest): Asset | undefined {
    const looksLikeFile = request.path.slice(request.path.lastIndexOf("/")).includes(".");
    const isNavigation = request.header("accept")?.includes("text/html") === true;
    return isNavigation && !looksLikeFile ? this.#assets.get("/index.html") : undefined;
  }

  #read(root: string, folder: string): void {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      // Configuration volumes are links into themselves; links to anywhere else are not followed.
      if (lstatSync(path).isSymbolicLink() && !`${realpathSync(path)}${sep}`.startsWith(`${root}${sep}`)) continue;
      const stat = statSync(path);
      if (stat.isDirectory()) this.#read(root, path);
      else if (stat.isFile()) this.#add(`/${relative(root, path).split(sep).join("/")}`, path, stat.size);
    }
  }

  #add(urlPath: string, path: string, bytes: number): void {
    this.#totalBytes += bytes;
    if (this.#totalBytes > this.#limits.totalMaxBytes || this.#assets.size >= this.#limits.filesMax) {
      const { totalMaxBytes, filesMax } = this.#limits;
      throw new StartError(
        `edge.assets holds more than ${totalMaxBytes} bytes or ${filesMax} files; serve less of it`,
        2,
      );
    }
    const body = readFileSync(path);
    this.#assets.set(urlPath, {
      body,
      tag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
      contentType: contentTypes.get(extname(path).toLowerCase()) ?? "application/octet-stream",
      cacheControl:
        HASHED_NAME.test(urlPath) && !urlPath.endsWith(".html") ? "public, max-age=31536000, immutable" : "no-cache",
    });
  }
}
