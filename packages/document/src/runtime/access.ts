import type { DocumentName, Principal } from "@tidewire/foundation";
import { isPermission } from "../author/permission.ts";
import type { CompiledDocument } from "./compiled-document.ts";
import type { DocumentBody } from "./document-body.ts";

/** Rules of a document type, asked outside of any transaction of theirs: they read, they never write. A throw refuses. */
function ask(compiled: CompiledDocument, body: DocumentBody | undefined, rule: () => boolean): boolean {
  try {
    return isPermission(body === undefined ? rule() : body.state.readOnly(rule), "access rules");
  } catch (thrown) {
    compiled.onFault(thrown);
    return false;
  }
}

export function mayCreate(compiled: CompiledDocument, name: DocumentName, principal: Principal): boolean {
  const { access } = compiled.definition;
  return access.create === undefined || ask(compiled, undefined, () => access.create!(principal, name));
}

/** Of a document that does not exist only the rule of creation can be asked. */
export function mayConnect(
  compiled: CompiledDocument,
  name: DocumentName,
  principal: Principal,
  body: DocumentBody | undefined,
): boolean {
  const { access, createsOnDemand } = compiled.definition;
  if (body === undefined) return !createsOnDemand || mayCreate(compiled, name, principal);
  if (access.connect === undefined) return true;
  return ask(compiled, body, () => access.connect!(body.state.intern(principal), body.state.root));
}

export function maySend(
  compiled: CompiledDocument,
  name: DocumentName,
  principal: Principal,
  body: DocumentBody,
  message: string,
): boolean {
  const { access } = compiled.definition;
  if (access.send === undefined) return mayConnect(compiled, name, principal, body);
  return ask(compiled, body, () => access.send!(body.state.intern(principal), body.state.root, message));
}

export function mayDelete(
  compiled: CompiledDocument,
  name: DocumentName,
  principal: Principal,
  body: DocumentBody,
): boolean {
  const { access } = compiled.definition;
  if (access.delete === undefined) return mayConnect(compiled, name, principal, body);
  return ask(compiled, body, () => access.delete!(body.state.intern(principal), body.state.root));
}
