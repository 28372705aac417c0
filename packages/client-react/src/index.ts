export { type DocumentHooks, documentHooks } from "./document-hooks.ts";
export { TidewireProvider, type TidewireProviderProps, useTidewireClient } from "./provider.ts";
export { useConnectionState } from "./use-connection-state.ts";
export { useDocument, useDocumentSelector, useSend } from "./use-document.ts";
export { type UseDocumentOptions, useDocumentHandle } from "./use-document-handle.ts";
