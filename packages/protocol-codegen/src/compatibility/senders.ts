import type { Field, Method, Protocol, Service } from "../model/protocol.ts";

/** Who sends a message: those who call services, the services, or (in no method, or in both directions) any peer. */
export type Senders = "callers" | "services" | "peers";

/** Who sends each message, directly or inside others; a name that is not there is sent by any peer. */
export function sendersOf(protocol: Protocol): (message: string) => Senders {
  const methods = protocol.services.flatMap((service: Service) => service.methods);
  const byCallers = reachable(protocol, methods.flatMap(sentByCaller));
  const byServices = reachable(protocol, methods.flatMap(sentByService));
  return (message) => {
    if (byCallers.has(message) === byServices.has(message)) return "peers";
    return byCallers.has(message) ? "callers" : "services";
  };
}

function sentByCaller(method: Method): string[] {
  return method.kind === "unary" ? [method.request] : [method.open, method.up];
}

function sentByService(method: Method): string[] {
  return [method.kind === "unary" ? method.response : method.down];
}

function reachable(protocol: Protocol, roots: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    const fields = protocol.messages.find((message) => message.name === name)?.fields ?? [];
    const variants = protocol.unions.find((union) => union.name === name)?.variants ?? [];
    for (const type of [...fields.map((field: Field) => field.type.name), ...variants.map(({ type }) => type)])
      visit(type);
  };
  for (const root of roots) visit(root);
  return found;
}
