import { clientFunctionOf, serveFunctionOf } from "../model/generated-names.ts";
import type { Method, Protocol, Service } from "../model/protocol.ts";
import { Printer } from "./printer.ts";

/** A typed client and a typed set of handlers per service, for code that knows its peer by service. */
export function emitStubs(protocol: Protocol, wireModule: string): string {
  const body = new Printer();
  for (const service of protocol.services) {
    emitClient(service, body);
    emitServer(service, body);
  }
  const text = body.toString();
  const out = new Printer();
  const wireTypes = [
    "StubCallOptions",
    "StubCaller",
    "StubServices",
    "StubStream",
    "StubStreamHandler",
    "StubStreamHandlers",
    "StubStreamOptions",
    "StubUnaryHandler",
  ].filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  out.block("import type {", () => out.lines(wireTypes.map((name) => `${name},`)), `} from "${wireModule}";`);
  if (text.includes("checkCaller(")) out.line(`import { checkCaller } from "${wireModule}";`);
  out.line(
    `import { ${protocol.services.map((service) => `${service.name}Service`).join(", ")} } from "./${protocol.name}-service.ts";`,
  );
  const types = [...new Set(protocol.services.flatMap((service) => service.methods.flatMap(typesOf)))].sort();
  out.block("import type {", () => out.lines(types.map((name) => `${name},`)), `} from "./${protocol.name}-types.ts";`);
  return out.toString() + text;
}

function emitClient(service: Service, out: Printer): void {
  out.line().doc(`The dialling side of \`${service.name}\`.`);
  out.block(`export interface ${service.name}Client {`, () => {
    for (const method of service.methods) out.doc(method.documentation).line(`${clientSignature(method)};`);
  });
  out.line();
  out.block(`export function ${clientFunctionOf(service)}(caller: StubCaller): ${service.name}Client {`, () => {
    out.line(`const { methods } = ${service.name}Service;`);
    out.block(
      "return {",
      () => {
        for (const method of service.methods) {
          out.line(
            method.kind === "unary"
              ? `${method.name}: (request, options) => caller.call(methods.${method.name}, request, options),`
              : `${method.name}: (request, handlers, options) => caller.open(methods.${method.name}, request, handlers, options),`,
          );
        }
      },
      "};",
    );
  });
}

function emitServer(service: Service, out: Printer): void {
  out.line().doc(`What a process that serves \`${service.name}\` must answer.`);
  out.block(`export interface ${service.name}Handlers {`, () => {
    for (const method of service.methods) {
      const handler = method.kind === "unary" ? "StubUnaryHandler" : "StubStreamHandler";
      out.doc(method.documentation).line(`readonly ${method.name}: ${handler}<${typesOf(method).join(", ")}>;`);
    }
  });
  const isGuarded = service.callers.length > 0;
  const signature = `${serveFunctionOf(service)}(services: StubServices, handlers: ${service.name}Handlers): void`;
  out.line().doc(`Registers a handler for every method${isGuarded ? "; peers of other roles are refused" : ""}.`);
  out.block(`export function ${signature} {`, () => {
    out.line(`const { ${isGuarded ? "callers, " : ""}methods } = ${service.name}Service;`);
    for (const method of service.methods) emitRegistration(method, isGuarded, out);
  });
}

/** The handler is called on its object, so that handlers may be methods of a class. */
function emitRegistration(method: Method, isGuarded: boolean, out: Printer): void {
  const parameters = method.kind === "unary" ? "request, context" : "request, stream, context";
  const registration = `services.${method.kind}(methods.${method.name}, (${parameters}) =>`;
  const call = `handlers.${method.name}(${parameters})`;
  if (!isGuarded) {
    out.line(`${registration} ${call});`);
    return;
  }
  const body = (): void => {
    out.line("checkCaller(context, callers);").line(`return ${call};`);
  };
  out.block(`${registration} {`, body, "});");
}

function clientSignature(method: Method): string {
  return method.kind === "unary"
    ? `${method.name}(request: ${method.request}, options?: StubCallOptions): Promise<${method.response}>`
    : `${method.name}(request: ${method.open}, handlers: StubStreamHandlers<${method.down}>, options?: StubStreamOptions): StubStream<${method.up}>`;
}

function typesOf(method: Method): string[] {
  return method.kind === "unary" ? [method.request, method.response] : [method.open, method.up, method.down];
}
