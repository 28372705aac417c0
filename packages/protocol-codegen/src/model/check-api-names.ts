import type { Api } from "./api.ts";
import { type AddProblem, checkScope, type GeneratedName } from "./check-names.ts";
import { apiConstantOf, defaultLimitsOf, lowerFirst, pascalCase } from "./generated-names.ts";

/** What generated files of every JSON API declare, import or take from the language. */
const OWN_NAMES =
  `JsonValue JsonFields ServiceError ErrorBody CloseCode UpRequest UpFrame DownFrame ApiMethods ApiMethodName
  Array Number String JSON closeCodes methodRegistry reconnectsAfter parseUpFrame readUpFrame readRequest readDownFrame
  isLastFrame booleanOf fieldsOf integerWithin jsonText listOf numberOf parameterFault stringMatching stringWithin
  tupleOf`.split(/\s+/);

/** As `checkNames` for a binary protocol: what is accepted compiles. */
export function checkApiNames(api: Api, add: AddProblem): void {
  for (const part of [...api.frames, ...api.notices]) {
    if (part.name !== "id" && part.name !== "kind") continue;
    add(part.line, part.name, "belongs to every frame", "Choose another name");
  }
  for (const part of [...api.frames, ...api.notices, ...api.closes]) {
    if (!(part.name in Object.prototype)) continue;
    add(part.line, part.name, "has the name of something every object inherits", "Choose another");
  }
  checkScope(namesOf(api), new Set(), add);
}

function namesOf(api: Api): GeneratedName[] {
  const of = (line: number, element: string, ...names: readonly string[]): GeneratedName[] =>
    names.map((name) => ({ name, line, element }));
  return [
    ...of(api.line, `api "${api.name}"`, ...OWN_NAMES, apiConstantOf(api), defaultLimitsOf(api)),
    ...api.types.flatMap(({ kind, line, name }) =>
      of(line, `${kind} "${name}"`, name, `read${name}`, `${lowerFirst(name)}Pattern`),
    ),
    ...api.methods.flatMap(({ line, name }) => {
      const stem = pascalCase(name);
      return of(line, `method "${name}"`, `${stem}Parameters`, `${stem}Request`, `read${stem}Request`);
    }),
    ...api.notices.flatMap(({ line, name }) => of(line, `notice "${name}"`, `read${pascalCase(name)}Notice`)),
    ...api.frames.flatMap(({ line, name }) => of(line, `frame "${name}"`, `${name}Frame`)),
  ];
}
