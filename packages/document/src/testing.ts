export { Rejected } from "./testing/rejected.ts";
export {
  createTestDocument,
  type SendArguments,
  TestDocument,
  type TestDocumentOptions,
  TestPlayer,
} from "./testing/test-document.ts";
