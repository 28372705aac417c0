import type { Api } from "../model/api.ts";
import { apiConstantOf, defaultLimitsOf } from "../model/generated-names.ts";
import { Printer } from "./printer.ts";

/** Close codes, limits and the connection management of each method, as constants. */
export function emitApiRegistry(api: Api, digest: string): string {
  const out = new Printer();
  out.block(
    `export const ${apiConstantOf(api)} = {`,
    () => {
      out.line(`name: "${api.name}",`);
      out.line(`version: ${api.version},`);
      out.line(`digest: "${digest}",`);
      out.line(`path: ${JSON.stringify(api.path)},`);
      out.line(`subprotocol: ${JSON.stringify(api.subprotocol)},`);
      out.line(`heartbeatMs: ${api.heartbeatMs},`);
    },
    "} as const;",
  );
  out.line().doc("Why a socket is closed. 4000-4499: reconnect with backoff; 4500-4999: stop.");
  out.block(
    "export const closeCodes = {",
    () => {
      for (const close of api.closes) out.doc(close.documentation).line(`${close.name}: ${close.code},`);
    },
    "} as const;",
  );
  out.line().line("export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];");
  const terminal = api.closes.filter((close) => !close.reconnect && close.code < 4000).map((close) => close.code);
  out.line().doc("Whether a client should come back, with backoff, after a socket was closed with this code.");
  out.block("export function reconnectsAfter(closeCode: number): boolean {", () => {
    const exceptions = terminal.map((code) => ` && closeCode !== ${code}`).join("");
    out.line(`return !(closeCode >= 4500 && closeCode <= 4999)${exceptions};`);
  });
  out.line().doc("What a server says of itself unless it was configured otherwise.");
  out.block(
    `export const ${defaultLimitsOf(api)} = {`,
    () => {
      for (const limit of api.limits) out.doc(limit.documentation).line(`${limit.name}: ${limit.default},`);
    },
    "} as const;",
  );
  out.line().doc("How each method is to be handled by whoever carries it.");
  out.block(
    "export const methodRegistry = {",
    () => {
      for (const method of api.methods) {
        out.line(
          `"${method.name}": { answer: "${method.answer}", authorisation: "${method.authorisation}", isIdempotent: ${method.isIdempotent}, retry: "${method.retry}", deadlineMs: ${method.deadlineMs} },`,
        );
      }
    },
    "} as const;",
  );
  return out.toString();
}
