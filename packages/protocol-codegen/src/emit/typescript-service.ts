import { methodConstantOf, protocolConstantOf } from "../model/generated-names.ts";
import type { Method, Protocol, Service } from "../model/protocol.ts";
import { Printer } from "./printer.ts";

/** Service objects: what a link needs to know to carry each method. */
export function emitServices(protocol: Protocol, digest: string, wireModule: string): string {
  const out = new Printer();
  const used = new Set<string>();
  const body = new Printer();
  for (const service of protocol.services) emitService(protocol, service, digest, used, body);
  const names = [...used].sort();
  const kinds = [
    ...(body.toString().includes("StreamMethod<") ? ["StreamMethod"] : []),
    ...(body.toString().includes("UnaryMethod<") ? ["UnaryMethod"] : []),
  ];
  if (kinds.length > 0) out.line(`import type { ${kinds.join(", ")} } from "${wireModule}";`);
  if (names.length > 0) {
    out.block(
      "import {",
      () => out.lines(names.map((name) => `${name}Codec,`)),
      `} from "./${protocol.name}-codecs.ts";`,
    );
    out.block(
      "import type {",
      () => out.lines(names.map((name) => `${name},`)),
      `} from "./${protocol.name}-types.ts";`,
    );
  }
  return `${out.toString()}\n${emitProtocolConstant(protocol, digest)}${body.toString()}`;
}

function emitProtocolConstant(protocol: Protocol, digest: string): string {
  return `export const ${protocolConstantOf(protocol)} = { name: "${protocol.name}", version: ${protocol.version}, digest: "${digest}" } as const;\n`;
}

function emitService(protocol: Protocol, service: Service, digest: string, used: Set<string>, out: Printer): void {
  for (const method of service.methods) {
    out.line().doc(method.documentation);
    emitMethod(service, method, used, out);
  }
  out.line().doc(service.documentation);
  out.block(
    `export const ${service.name}Service = {`,
    () => {
      out.line(`name: "${service.name}",`);
      out.line(`id: ${service.id},`);
      out.line(`protocol: "${protocol.name}",`);
      out.line(`version: ${protocol.version},`);
      out.line(`digest: "${digest}",`);
      out.line(`heartbeatMs: ${service.heartbeatMs},`);
      out.line(`callers: [${service.callers.map((role) => JSON.stringify(role)).join(", ")}],`);
      out.block(
        "methods: {",
        () => out.lines(service.methods.map((method) => `${method.name}: ${methodConstantOf(service, method)},`)),
        "},",
      );
    },
    "} as const;",
  );
}

function emitMethod(service: Service, method: Method, used: Set<string>, out: Printer): void {
  const types = method.kind === "unary" ? [method.request, method.response] : [method.open, method.up, method.down];
  for (const type of types) used.add(type);
  const generic = method.kind === "unary" ? "UnaryMethod" : "StreamMethod";
  out.block(
    `const ${methodConstantOf(service, method)}: ${generic}<${types.join(", ")}> = {`,
    () => {
      out.line(`kind: "${method.kind}",`);
      out.line(`id: ${service.id * 256 + method.id},`);
      out.line(`name: "${service.name}/${method.name}",`);
      if (method.kind === "unary") {
        out.line(`request: ${method.request}Codec,`);
        out.line(`response: ${method.response}Codec,`);
        out.line(`deadlineMs: ${method.deadlineMs},`);
        out.line(`isIdempotent: ${method.isIdempotent},`);
        out.line(`retry: "${method.retry}",`);
      } else {
        out.line(`open: ${method.open}Codec,`);
        out.line(`up: ${method.up}Codec,`);
        out.line(`down: ${method.down}Codec,`);
        out.line(`credit: ${method.credit},`);
        out.line(`deadlineMs: ${method.deadlineMs},`);
      }
    },
    "};",
  );
}
