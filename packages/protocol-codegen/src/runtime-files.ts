import { readdirSync, readFileSync } from "node:fs";
import type { GeneratedFile } from "./generate.ts";

/** What generated code imports when its runtime was written beside it. */
export const standaloneModules = {
  wireModule: "./runtime/wire/index.ts",
  apiRuntimeModule: "./runtime/api/parameter-checks.ts",
  errorsModule: "./runtime/errors/service-error.ts",
} as const;

const errorFiles = ["service-error.ts", "generated/error-registry.ts"];
const apiFiles = ["json-text.ts", "json-value.ts", "parameter-checks.ts", "parameter-fault.ts"];

/** All that generated code needs at run time, for a project that installs none of our packages. */
export function runtimeFiles(): GeneratedFile[] {
  const wire = sourceFolder("wire");
  const wireFiles = readdirSync(wire).filter((name) => name.endsWith(".ts") && name !== "crc32.ts");
  return [
    ...copies(wire, wireFiles.sort(), "runtime/wire"),
    ...copies(sourceFolder("foundation"), errorFiles, "runtime/errors"),
    ...copies(sourceFolder("protocol-client"), apiFiles, "runtime/api"),
  ];
}

/** As in `schema-folder.ts`: the same address from this file and from the bundle. */
function sourceFolder(packageName: string): URL {
  return new URL(`../../${packageName}/src/`, import.meta.url);
}

function copies(folder: URL, names: readonly string[], into: string): GeneratedFile[] {
  return names.map((name) => ({
    kind: "code",
    package: "",
    name: `${into}/${name}`,
    text: `// Written by codegen --standalone. Do not edit.\n${readFileSync(new URL(name, folder), "utf8").replaceAll(
      '"@tidewire/foundation"',
      '"../errors/service-error.ts"',
    )}`,
  }));
}
