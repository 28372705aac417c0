import type { Random } from "@tidewire/foundation";
import type { DocumentDefinition } from "../author/define-document.ts";
import type { ViewSchema } from "../view/document-views.ts";
import type { DocumentLimits } from "./limits.ts";

/** A document type, checked and compiled. Shared by its documents. */
export interface CompiledDocument {
  readonly definition: DocumentDefinition;
  readonly schema: ViewSchema;
  readonly limits: DocumentLimits;
  readonly random: Random;
  readonly onFault: (thrown: unknown) => void;
}
