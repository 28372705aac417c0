import type { DocumentState, TidewireDocument, ViewOf } from "@tidewire/client";
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { type UseDocumentOptions, useDocumentHandle } from "./use-document-handle.ts";

const serverState: DocumentState<never> = { status: "loading", view: undefined, seq: 0 };

/** Watches a document for as long as the component is mounted; it renders again with every change. */
export function useDocument<D = unknown>(
  space: string,
  key: string,
  options: UseDocumentOptions<NoInfer<D>> = {},
): DocumentState<ViewOf<D>> {
  const document = useDocumentHandle<D>(space, key, options);
  const subscribe = useSubscribe(document);
  return useSyncExternalStore(
    subscribe,
    () => document.state,
    () => serverState,
  );
}

/**
 * Watches a part of a document: the component renders again only when the part changes by `isEqual`. `undefined` while
 * there is no view. The selector may be a new function each time.
 */
export function useDocumentSelector<D = unknown, Selected = unknown>(
  space: string,
  key: string,
  selector: (view: ViewOf<D>) => Selected,
  isEqual: (a: Selected, b: Selected) => boolean = Object.is,
): Selected | undefined {
  const document = useDocumentHandle<D>(space, key);
  const subscribe = useSubscribe(document);
  const shown = useRef<{ readonly selected: Selected } | undefined>(undefined);
  const getSelected = useMemo(() => {
    let memo: { readonly view: ViewOf<D>; readonly selected: Selected } | undefined;
    return (): Selected | undefined => {
      const { view } = document.state;
      if (view === undefined) return undefined;
      if (memo?.view === view) return memo.selected;
      const selected = selector(view);
      // What was shown before a new selector came counts too: an equal part keeps its identity.
      const before = memo ?? shown.current;
      memo = {
        view,
        selected: before !== undefined && isEqual(before.selected, selected) ? before.selected : selected,
      };
      return memo.selected;
    };
  }, [document, selector, isEqual]);
  const selected = useSyncExternalStore(subscribe, getSelected, () => undefined);
  useEffect(() => {
    shown.current = selected === undefined ? undefined : { selected };
  }, [selected]);
  return selected;
}

/** Sends messages to a document; the same function from render to render. Watching is not needed. */
export function useSend<D = unknown>(space: string, key: string): TidewireDocument<D>["send"] {
  const document = useDocumentHandle<D>(space, key);
  return useCallback<TidewireDocument<D>["send"]>((message, ...rest) => document.send(message, ...rest), [document]);
}

function useSubscribe<D>(document: TidewireDocument<D>): (onChange: () => void) => () => void {
  return useCallback((onChange: () => void) => document.onChange(onChange), [document]);
}
