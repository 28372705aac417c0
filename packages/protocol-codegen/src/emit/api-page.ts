import type { Api, ApiMember, ApiType } from "../model/api.ts";
import { documentHeader, Printer } from "./printer.ts";
import { cell } from "./protocol-page.ts";

/** The reference page of a JSON API, in Markdown. */
export function emitApiPage(api: Api, digest: string): string {
  const out = new Printer();
  out.line(documentHeader(api.file, digest)).line();
  out.line(`# API \`${api.name}\`, version ${api.version}`).line();
  if (api.documentation !== "") out.line(api.documentation).line();
  out.line(`WebSocket at \`${api.path}\`, subprotocol \`${api.subprotocol}\`. Heartbeats every ${api.heartbeatMs} ms.`);
  out.line().line("## Methods");
  for (const method of api.methods) {
    out.line().line(`### \`${method.name}\``).line();
    if (method.documentation !== "") out.line(method.documentation).line();
    const answer = method.answer === "stream" ? "a stream" : `\`${method.result ?? ""}\``;
    const needs = method.authorisation === "none" ? "no principal" : "a principal";
    out.line(`Answer: ${answer}. Needs ${needs}. ${retryText[method.retry]} Deadline ${method.deadlineMs} ms.`);
    emitMembers("parameter", method.parameters, out);
  }
  out.line().line("## Notices").line().line("Sent with `id` 0, without an answer.").line();
  for (const notice of api.notices) {
    out.line(
      `- \`${notice.name}\`: ${typeText(notice)}. ${notice.documentation} A malformed one closes with \`${notice.fault}\`.`,
    );
  }
  out.line().line("## Frames to the client").line();
  out.line("| key | of | last | body | |").line("|---|---|---|---|---|");
  for (const frame of api.frames) {
    out.line(
      `| \`${frame.name}\` | ${frame.of} | ${frame.isLast ? "yes" : ""} | \`${frame.type}\` | ${cell(frame.documentation)} |`,
    );
  }
  out.line().line("## Limits").line().line("| limit | default | when passed | |").line("|---|---|---|---|");
  for (const limit of api.limits) {
    out.line(`| \`${limit.name}\` | ${limit.default} | ${limit.error ?? ""} | ${cell(limit.documentation)} |`);
  }
  out.line().line("## Close codes").line().line("| code | name | reconnect | |").line("|---|---|---|---|");
  for (const close of api.closes) {
    out.line(
      `| ${close.code} | \`${close.name}\` | ${close.reconnect ? "with backoff" : "no"} | ${cell(close.documentation)} |`,
    );
  }
  out.line().line("## Types");
  for (const type of api.types) emitType(type, out);
  return out.toString();
}

const retryText = {
  never: "Never repeated.",
  unsent: "Repeated only if it was not sent.",
  safe: "May be repeated.",
  marker: "May be repeated with its marker, else only if it was not sent.",
} as const;

function emitType(type: ApiType, out: Printer): void {
  out.line().line(`### \`${type.name}\``).line();
  if (type.documentation !== "") out.line(type.documentation).line();
  switch (type.kind) {
    case "string":
      out.line(
        type.pattern === undefined
          ? `Text of ${type.minLength} to ${type.maxLength} characters.`
          : `Text that matches \`${type.pattern}\`.`,
      );
      return;
    case "integer":
      out.line(`Integer from ${type.min} to ${type.max}.`);
      return;
    case "number":
      out.line("Finite number.");
      return;
    case "json":
      out.line(`JSON, at most ${type.depthMax} levels deep.`);
      return;
    default:
      out.line(
        type.kind === "tuple"
          ? "An array of exactly these items."
          : "An object; members that are not listed are ignored.",
      );
      emitMembers(type.kind === "tuple" ? "item" : "member", type.members, out);
  }
}

function emitMembers(what: string, members: readonly ApiMember[], out: Printer): void {
  if (members.length === 0) return;
  out.line().line(`| ${what} | type | |`).line("|---|---|---|");
  for (const member of members) {
    const notes = [
      ...(member.isOptional ? ["optional"] : []),
      ...(member.documentation === "" ? [] : [cell(member.documentation)]),
    ];
    out.line(`| \`${member.name}\` | ${typeText(member)} | ${notes.join(". ")} |`);
  }
}

function typeText(member: ApiMember): string {
  return member.isList ? `at most ${member.maxCount} of \`${member.type}\`` : `\`${member.type}\``;
}
