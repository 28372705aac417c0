import type { DocumentState, TidewireDocument, ViewOf } from "@tidewire/client";
import { useDocument, useDocumentSelector, useSend } from "./use-document.ts";
import type { UseDocumentOptions } from "./use-document-handle.ts";

/** The hooks for documents of one type. */
export interface DocumentHooks<D> {
  useDocument(key: string, options?: UseDocumentOptions<D>): DocumentState<ViewOf<D>>;
  useSelector<Selected>(
    key: string,
    selector: (view: ViewOf<D>) => Selected,
    isEqual?: (a: Selected, b: Selected) => boolean,
  ): Selected | undefined;
  useSend(key: string): TidewireDocument<D>["send"];
}

/** Names space and type once: `const { useDocument, useSend } = documentHooks<typeof game>("board-game")`. */
export function documentHooks<D>(space: string): DocumentHooks<D> {
  return {
    useDocument: (key, options) => useDocument<D>(space, key, options),
    useSelector: <Selected>(
      key: string,
      selector: (view: ViewOf<D>) => Selected,
      isEqual?: (a: Selected, b: Selected) => boolean,
    ) => useDocumentSelector<D, Selected>(space, key, selector, isEqual),
    useSend: (key) => useSend<D>(space, key),
  };
}
