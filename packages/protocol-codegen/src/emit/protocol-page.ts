import { canBeMissing } from "../model/check-protocol.ts";
import type { Field, Method, Protocol } from "../model/protocol.ts";
import { documentHeader, Printer } from "./printer.ts";

/** The reference page of a binary protocol, in Markdown. */
export function emitProtocolPage(protocol: Protocol, digest: string): string {
  const out = new Printer();
  out.line(documentHeader(protocol.file, digest)).line();
  out.line(`# Protocol \`${protocol.name}\`, version ${protocol.version}`).line();
  if (protocol.documentation !== "") out.line(protocol.documentation).line();
  out.line("Encoding: `packages/wire/FORMAT.md`.");
  for (const service of protocol.services) {
    out.line().line(`## Service \`${service.name}\``).line();
    if (service.documentation !== "") out.line(service.documentation).line();
    const callers =
      service.callers.length === 0 ? "every peer" : service.callers.map((role) => `\`${role}\``).join(", ");
    out.line(`Id ${service.id}, heartbeat every ${service.heartbeatMs} ms. May be called by ${callers}.`).line();
    out
      .line("| id on the link | method | shape | messages | deadline | after a broken link |")
      .line("|---|---|---|---|---|---|");
    for (const method of service.methods) out.line(methodRow(service.id, method));
  }
  if (protocol.messages.length > 0) out.line().line("## Messages");
  for (const message of protocol.messages) {
    out.line().line(`### \`${message.name}\``).line();
    if (message.documentation !== "") out.line(message.documentation).line();
    if (message.fields.length === 0) {
      out.line("No fields.");
      continue;
    }
    out.line("| id | field | type | bounds | |").line("|---|---|---|---|---|");
    for (const field of message.fields) out.line(fieldRow(field));
  }
  for (const union of protocol.unions) {
    out.line().line(`### Union \`${union.name}\``).line();
    if (union.documentation !== "") out.line(union.documentation).line();
    out.line(union.unknown === "skip" ? "Unknown variants are skipped." : "An unknown variant is a fault.").line();
    out.line("| id | variant | message | |").line("|---|---|---|---|");
    for (const variant of union.variants) {
      out.line(`| ${variant.id} | \`${variant.name}\` | \`${variant.type}\` | ${cell(variant.documentation)} |`);
    }
  }
  for (const type of protocol.enums) {
    out.line().line(`### Enum \`${type.name}\``).line();
    if (type.documentation !== "") out.line(type.documentation).line();
    if (type.fallback !== undefined) out.line(`An unknown number reads as \`${type.fallback}\`.`).line();
    out.line("| number | value | |").line("|---|---|---|");
    for (const value of type.values) out.line(`| ${value.number} | \`${value.name}\` | ${cell(value.documentation)} |`);
  }
  return out.toString();
}

function methodRow(serviceId: number, method: Method): string {
  const shape = method.kind === "unary" ? "call" : `stream, credit ${method.credit}`;
  const messages =
    method.kind === "unary"
      ? `\`${method.request}\` → \`${method.response}\``
      : `open \`${method.open}\`, up \`${method.up}\`, down \`${method.down}\``;
  const retry =
    method.kind === "stream"
      ? "ends"
      : method.retry === "safe"
        ? "may be repeated"
        : method.retry === "unsent"
          ? "repeated only if nothing was sent"
          : "reported";
  return `| ${serviceId * 256 + method.id} | \`${method.name}\`${method.documentation === "" ? "" : `: ${cell(method.documentation)}`} | ${shape} | ${messages} | ${method.deadlineMs} ms | ${retry} |`;
}

function fieldRow(field: Field): string {
  const type = field.container === "single" ? field.type.name : `${field.container} of ${field.type.name}`;
  const notes = [
    ...(field.isOptional ? ["optional"] : []),
    ...(field.since > 1 ? [`since version ${field.since}`] : []),
    ...(field.boundsSince > 1 ? [`bounds since version ${field.boundsSince}`] : []),
    ...(field.defaultText === undefined ? [] : [`default \`${field.defaultText}\``]),
    ...(field.since > 1 && canBeMissing(field) && field.container !== "single" ? ["empty before"] : []),
    ...(field.documentation === "" ? [] : [cell(field.documentation)]),
  ];
  return `| ${field.id} | \`${field.name}\` | ${type} | ${boundsOf(field)} | ${notes.join(". ")} |`;
}

function boundsOf(field: Field): string {
  const bounds: string[] = [];
  if (field.container !== "single") bounds.push(`${field.maxCount} elements`);
  if (field.container === "map") bounds.push(`keys of ${field.keyMaxLength} characters`);
  if (field.type.name === "string" || field.type.name === "json") bounds.push(`${field.maxLength} characters`);
  if (field.type.name === "bytes") {
    bounds.push(field.minBytes === 0 ? `${field.maxBytes} bytes` : `${field.minBytes} to ${field.maxBytes} bytes`);
  }
  return bounds.join(", ");
}

/** Text inside a table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
