import type { TidewireDocument, ViewStateOf } from "@tidewire/client";
import { useEffect, useMemo, useRef } from "react";
import { useTidewireClient } from "./provider.ts";

export interface UseDocumentOptions<D> {
  /**
   * What this viewer says about itself. When it changes (as JSON) the server is told. With one, the component has a stream
   * of its own; without, all components that watch a document share one. Whether there is one must not change.
   */
  readonly viewState?: ViewStateOf<D>;
}

/** A handle on the document, the same from render to render. Making one touches no network. */
export function useDocumentHandle<D>(
  space: string,
  key: string,
  options: UseDocumentOptions<NoInfer<D>> = {},
): TidewireDocument<D> {
  const client = useTidewireClient();
  const hasViewState = options.viewState !== undefined;
  const text = hasViewState ? JSON.stringify(options.viewState) : undefined;
  const handle = useMemo(() => {
    const viewState = text === undefined ? {} : { viewState: JSON.parse(text) as ViewStateOf<D> };
    return { document: client.document<D>(space, key, viewState), text };
    // The text a handle begins with is no reason for another handle: later ones are told to the one there is.
  }, [client, space, key, hasViewState]);
  const toldText = useRef(handle.text);
  const toldDocument = useRef(handle.document);
  useEffect(() => {
    if (toldDocument.current !== handle.document) {
      toldDocument.current = handle.document;
      toldText.current = handle.text;
    }
    if (text === undefined || text === toldText.current) return;
    toldText.current = text;
    handle.document.updateViewState(JSON.parse(text) as ViewStateOf<D>).catch(surface);
  }, [handle, text]);
  return handle.document;
}

/** A view state the document type refuses is a mistake in the page; that a connection ended is not. */
function surface(error: Error & { readonly code?: string }): void {
  if (error.code !== "invalid_argument") return;
  queueMicrotask(() => {
    throw error;
  });
}
