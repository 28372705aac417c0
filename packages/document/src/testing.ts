export {
  createTestDocument,
  Rejected,
  type SendArguments,
  TestDocument,
  type TestDocumentOptions,
  TestPlayer,
} from "./testing/test-document.ts";
