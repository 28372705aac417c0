import type { Api, ApiFrame } from "../model/api.ts";
import { typeNamed } from "./api-types.ts";
import { Printer } from "./printer.ts";

/** Frames to a client: builders for the sending side, a reader for the receiving one. */
export function emitDownFrames(api: Api, runtimeModule: string, errorsModule: string): string {
  const out = new Printer();
  const objects = api.frames
    .filter((frame) => frame.type !== "error" && isTyped(api, frame))
    .map((frame) => frame.type)
    .sort();
  if (api.frames.some((frame) => frame.type === "error")) out.line(`import type { ErrorBody } from "${errorsModule}";`);
  const hasJson = api.frames.some((frame) => typeNamed(api, frame.type, "value") === "JsonValue");
  out.line(`import type { JsonFields${hasJson ? ", JsonValue" : ""} } from "${runtimeModule}";`);
  if (objects.length > 0)
    out.line(`import type { ${[...new Set(objects)].join(", ")} } from "./${api.name}-types.ts";`);
  out.line().line("export type DownFrame =");
  for (const frame of api.frames) {
    out.indented(() => out.doc(frame.documentation));
    out.line(
      `  | { readonly kind: "${frame.name}"; readonly id: number; readonly ${frame.name}: ${typeNamed(api, frame.type, "value")} }`,
    );
  }
  out.line("  /** A frame of a newer server: ignore it. */");
  out.line(`  | { readonly kind: "unknown"; readonly id: number };`);
  for (const frame of api.frames) emitBuilder(api, frame, out);
  emitReader(api, out);
  return out.toString();
}

function emitBuilder(api: Api, frame: ApiFrame, out: Printer): void {
  const isTypedFrame = isTyped(api, frame);
  const parameter = isTypedFrame ? `body: ${typeNamed(api, frame.type, "value")}` : "bodyText: string";
  const value = isTypedFrame ? "JSON.stringify(body)" : "bodyText";
  const id = frame.of === "connection" ? "0" : "${id}";
  out.line().doc(`${frame.documentation}${isTypedFrame ? "" : " The body is JSON text already."}`.trim());
  out.block(
    `export function ${frame.name}Frame(${frame.of === "connection" ? "" : "id: number, "}${parameter}): string {`,
    () => out.line(`return \`{"id":${id},"${frame.name}":\${${value}}}\`;`),
  );
}

function emitReader(api: Api, out: Printer): void {
  out
    .line()
    .doc(
      "Takes a frame apart by its key. Bodies come from the server and are not checked again; what is no frame is `undefined`.",
    );
  out.block("export function readDownFrame(value: unknown): DownFrame | undefined {", () => {
    out.line(`if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;`);
    out.line("const fields = value as JsonFields;");
    out.line(`const id = fields["id"];`);
    out.line("if (!Number.isSafeInteger(id) || (id as number) < 0) return undefined;");
    for (const frame of api.frames) {
      const condition = frame.of === "connection" ? "id === 0" : "id !== 0";
      const type = typeNamed(api, frame.type, "value");
      out.block(`if (${condition} && fields["${frame.name}"] !== undefined) {`, () =>
        out.line(
          `return { kind: "${frame.name}", id: id as number, ${frame.name}: fields["${frame.name}"] as ${type} };`,
        ),
      );
    }
    out.line(`return { kind: "unknown", id: id as number };`);
  });
  out.line().doc("Whether the frame is the last one of its request or stream.");
  out.block("export function isLastFrame(frame: DownFrame): boolean {", () => {
    const last = api.frames.filter((frame) => frame.isLast).map((frame) => `frame.kind === "${frame.name}"`);
    out.line(`return ${last.length === 0 ? "false" : last.join(" || ")};`);
  });
}

function isTyped(api: Api, frame: ApiFrame): boolean {
  return frame.type === "error" || api.types.find((type) => type.name === frame.type)?.kind === "object";
}
