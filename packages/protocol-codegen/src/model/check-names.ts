import {
  clientFunctionOf,
  enumReaderOf,
  methodConstantOf,
  protocolConstantOf,
  protoEnumValueOf,
  protoStreamUpOf,
  serveFunctionOf,
} from "./generated-names.ts";
import type { Protocol } from "./protocol.ts";

/** Names that generated TypeScript imports or takes from the language. */
const RESERVED_TYPE_NAMES = new Set(
  `Codec Reader Writer UnaryMethod StreamMethod StubCallOptions StubCaller StubServices StubStream StubStreamHandler
   StubStreamHandlers StubStreamOptions StubUnaryHandler Map ReadonlyMap Uint8Array Array Object String Number Boolean
   Promise`.split(/\s+/),
);

export type AddProblem = (line: number, element: string, problem: string, fix: string) => void;

/** Two parts of a definition may not meet under one name in a generated file, nor be what every object inherits. */
export function checkNames(protocol: Protocol, add: AddProblem): void {
  const types = [...protocol.enums, ...protocol.messages, ...protocol.unions];
  for (const type of types) {
    if (!RESERVED_TYPE_NAMES.has(type.name)) continue;
    add(type.line, `type "${type.name}"`, "has a name that generated code needs itself", "Choose another name");
  }
  for (const method of protocol.services.flatMap((service) => service.methods)) {
    if (!(method.name in Object.prototype)) continue;
    add(
      method.line,
      `${method.kind} "${method.name}"`,
      "has the name of something every object inherits",
      "Choose another",
    );
  }
  for (const variant of protocol.unions.flatMap((type) => (type.unknown === "skip" ? type.variants : []))) {
    if (variant.name !== "unknown") continue;
    const problem = "has the kind that stands for a variant the reader does not know";
    add(variant.line, 'variant "unknown"', problem, 'Choose another name, or unknown="fault"');
  }
  const told = new Set<string>();
  checkScope(codeNames(protocol), told, add);
  checkScope(protoNames(protocol), told, add);
}

/** A name in generated files, and the element that asks for it. */
export interface GeneratedName {
  readonly name: string;
  readonly line: number;
  readonly element: string;
}

/** @param told elements with a problem already: one name that is taken often takes others with it. */
export function checkScope(names: readonly GeneratedName[], told: Set<string>, add: AddProblem): void {
  const holders = new Map<string, GeneratedName>();
  for (const claim of names) {
    const holder = holders.get(claim.name);
    const place = `${claim.line} ${claim.element}`;
    if (holder === undefined) holders.set(claim.name, claim);
    else if (!told.has(place)) {
      told.add(place);
      const problem = `gives "${claim.name}" in generated files, as does the ${holder.element} of line ${holder.line}`;
      add(claim.line, claim.element, problem, "Choose another name for one of them");
    }
  }
}

/** Modules import from each other, so that all their names are taken as one scope. */
function codeNames(protocol: Protocol): GeneratedName[] {
  const of = (line: number, element: string, ...names: readonly string[]): GeneratedName[] =>
    names.map((name) => ({ name, line, element }));
  return [
    ...of(protocol.line, `protocol "${protocol.name}"`, protocolConstantOf(protocol)),
    ...protocol.enums.flatMap(({ line, name }) =>
      of(line, `enum "${name}"`, name, `numberOf${name}`, enumReaderOf(name)),
    ),
    ...[
      ...protocol.messages.map((type) => [type, "message"] as const),
      ...protocol.unions.map((type) => [type, "union"] as const),
    ].flatMap(([{ line, name }, kind]) =>
      of(line, `${kind} "${name}"`, name, `${name}Codec`, `encode${name}`, `decode${name}`),
    ),
    ...protocol.services.flatMap((service) => [
      ...of(
        service.line,
        `service "${service.name}"`,
        `${service.name}Service`,
        `${service.name}Client`,
        `${service.name}Handlers`,
        clientFunctionOf(service),
        serveFunctionOf(service),
      ),
      ...service.methods.flatMap((method) =>
        of(method.line, `${method.kind} "${method.name}"`, methodConstantOf(service, method)),
      ),
    ]),
  ];
}

function protoNames(protocol: Protocol): GeneratedName[] {
  return [
    ...protocol.messages.map(({ line, name }) => ({ name, line, element: `message "${name}"` })),
    ...protocol.unions.map(({ line, name }) => ({ name, line, element: `union "${name}"` })),
    ...protocol.enums.flatMap((type) => [
      { name: type.name, line: type.line, element: `enum "${type.name}"` },
      { name: protoEnumValueOf(type, "unspecified"), line: type.line, element: `enum "${type.name}"` },
      ...type.values.map(({ line, name }) => ({
        name: protoEnumValueOf(type, name),
        line,
        element: `value "${name}"`,
      })),
    ]),
    ...protocol.services.flatMap((service) => [
      { name: service.name, line: service.line, element: `service "${service.name}"` },
      ...service.methods.flatMap((method) =>
        method.kind === "unary"
          ? []
          : [{ name: protoStreamUpOf(service, method), line: method.line, element: `stream "${method.name}"` }],
      ),
    ]),
  ];
}
