export { DefinitionError, type DefinitionProblem, formatProblem } from "./definition-problem.ts";
export { type DefinitionSet, readDefinitions } from "./definition-set.ts";
export { defaultGenerateOptions, type GeneratedFile, type GenerateOptions, generate } from "./generate.ts";
export type { ErrorRegistry } from "./model/error-registry.ts";
export type { Protocol } from "./model/protocol.ts";
export { OutputFolder } from "./output-folder.ts";
