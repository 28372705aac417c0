import type { ErrorEntry, ErrorRegistry } from "../model/error-registry.ts";
import { Printer } from "./printer.ts";

/** The registry as one constant object, from which codes are typed. */
export function emitErrors(registry: ErrorRegistry): string {
  const out = new Printer();
  out.line(`export type ErrorAudience = "client" | "internal";`).line();
  out.block("export interface ErrorDefinition {", () => {
    out.line("readonly number: number;");
    out.line("readonly retryable: boolean;");
    out.line("readonly retryAfterMs?: number;");
    out.line("readonly httpStatus: number;");
    out.line("readonly audience: ErrorAudience;");
    out.line("readonly meaning: string;");
  });
  out.line();
  out.block(
    "export const errorRegistry = {",
    () => {
      for (const entry of registry.errors) out.line(`${entry.code}: ${literal(entry)},`);
    },
    "} as const satisfies Record<string, ErrorDefinition>;",
  );
  out.line().line("export type ErrorCode = keyof typeof errorRegistry;");
  return out.toString();
}

function literal(entry: ErrorEntry): string {
  const parts = [
    `number: ${entry.number}`,
    `retryable: ${entry.retryable}`,
    ...(entry.retryAfterMs === undefined ? [] : [`retryAfterMs: ${entry.retryAfterMs}`]),
    `httpStatus: ${entry.httpStatus}`,
    `audience: ${JSON.stringify(entry.audience)}`,
    `meaning: ${JSON.stringify(entry.meaning)}`,
  ];
  return `{ ${parts.join(", ")} }`;
}
