import type { HttpRequest, HttpResponse } from "@tidewire/edge-session";
import type { Logger } from "@tidewire/foundation";
import { StaticAssets } from "./static-assets.ts";

/**
 * The static files, read again when a supervisor that started this process over a channel (`tidewire up`) says that they
 * changed. For development: nobody else can, so the files of a production edge are those of its start.
 */
export class ReloadedAssets {
  readonly #folder: string;
  readonly #logger: Logger;
  #assets: StaticAssets;

  /** Throws a `StartError` if the folder cannot be read or holds too much. */
  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
    this.#assets = new StaticAssets(folder);
    if (process.send === undefined) return;
    process.on("message", (message: { readonly kind?: unknown } | null) => {
      if (message?.kind === "reload-assets") this.#reload();
    });
  }

  get count(): number {
    return this.#assets.count;
  }

  handle(request: HttpRequest): HttpResponse {
    return this.#assets.handle(request);
  }

  /** A folder that a build has just removed leaves what there was. */
  #reload(): void {
    try {
      this.#assets = new StaticAssets(this.#folder);
      this.#logger.info({ assets: this.count }, "static files were read again");
    } catch (error) {
      this.#logger.warn({ err: error }, "static files cannot be read again; those of before stay");
    }
  }
}
