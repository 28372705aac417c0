import type { DefinitionProblem } from "../definition-problem.ts";
import { type Api, type ApiMember, type ApiType, typesSentByClients } from "../model/api.ts";
import { ProblemSink } from "./problem-sink.ts";

/** What would break a client that was written for the released API. */
export function compareApis(released: Api, current: Api): readonly DefinitionProblem[] {
  const sink = new ProblemSink(current.file);
  const byName = (part: { readonly name: string }): string => part.name;
  for (const name of ["path", "subprotocol"] as const) {
    if (released[name] !== current[name])
      sink.add(current.line, "api", `${name} changed`, "A new one is a new API beside the old");
  }
  const sent = typesSentByClients(current);
  const types = sink.pairs("type", released.types, current.types, byName, current.line);
  for (const [before, now] of types.kept) compareTypes(before, now, sent.has(now.name), sink);
  const methods = sink.pairs("method", released.methods, current.methods, byName, current.line);
  for (const [before, now] of methods.kept) {
    const where = `method "${now.name}"`;
    if (before.answer !== now.answer || before.result !== now.result) {
      sink.add(now.line, where, "answers something else than released", "Put it back and add a new method");
    }
    if (before.authorisation === "none" && now.authorisation !== "none") {
      sink.add(now.line, where, "needs a principal now", "Put it back and add a new method");
    }
    compareMembers(where, before.parameters, now.parameters, "sent", now.line, sink);
  }
  const notices = sink.pairs("notice", released.notices, current.notices, byName, current.line);
  for (const [before, now] of notices.kept)
    compareMembers(`notice "${now.name}"`, [before], [now], "sent", now.line, sink);
  const frames = sink.pairs("frame", released.frames, current.frames, byName, current.line);
  for (const [before, now] of frames.kept) {
    if (before.of === now.of && before.type === now.type && before.isLast === now.isLast) continue;
    sink.add(now.line, `frame "${now.name}"`, "means something else than released", "Put it back and add a new frame");
  }
  const closes = sink.pairs("close", released.closes, current.closes, byName, current.line);
  for (const [before, now] of closes.kept) {
    if (before.code !== now.code)
      sink.add(now.line, `close "${now.name}"`, "has another code than released", `Set it back to ${before.code}`);
  }
  return sink.problems;
}

/** @param direction who sends these members: the client, or the server to it. */
function compareMembers(
  where: string,
  released: readonly ApiMember[],
  current: readonly ApiMember[],
  direction: "sent" | "received",
  line: number,
  sink: ProblemSink,
): void {
  const { kept, added } = sink.pairs(`member of ${where}`, released, current, (member) => member.name, line);
  for (const [before, now] of kept) {
    if (before.type !== now.type || before.isList !== now.isList) {
      sink.add(now.line, `${where}, "${now.name}"`, "has another type than released", "Put it back and add a new one");
    }
    if (direction === "sent" && before.isOptional && !now.isOptional) {
      sink.add(
        now.line,
        `${where}, "${now.name}"`,
        "is required now",
        "Released clients leave it out: make it optional",
      );
    }
    if (direction === "received" && !before.isOptional && now.isOptional) {
      sink.add(
        now.line,
        `${where}, "${now.name}"`,
        "may be missing now",
        "Released clients rely on it: make it required",
      );
    }
    if (now.isList && now.maxCount < before.maxCount) {
      sink.add(
        now.line,
        `${where}, "${now.name}"`,
        "takes fewer elements than released",
        `Set maxCount back to ${before.maxCount}`,
      );
    }
  }
  for (const member of added) {
    if (direction === "received" || member.isOptional) continue;
    sink.add(
      member.line,
      `${where}, "${member.name}"`,
      "is new and required",
      "Released clients do not send it: make it optional",
    );
  }
}

function compareTypes(before: ApiType, now: ApiType, isSent: boolean, sink: ProblemSink): void {
  const where = `${now.kind} "${now.name}"`;
  const narrowed = (isNarrower: boolean): void => {
    if (isNarrower) sink.add(now.line, where, "accepts less than released", "Widen it again");
  };
  if (before.kind !== now.kind) {
    sink.add(now.line, where, `was released as ${before.kind}`, "Put it back and add a new type");
  } else if (before.kind === "string" && now.kind === "string") {
    if (before.pattern !== now.pattern) sink.add(now.line, where, "has another pattern than released", "Put it back");
    narrowed(now.minLength > before.minLength || now.maxLength < before.maxLength);
  } else if (before.kind === "integer" && now.kind === "integer") {
    narrowed(now.min > before.min || now.max < before.max);
  } else if (before.kind === "json" && now.kind === "json") {
    narrowed(now.depthMax < before.depthMax);
  } else if ((before.kind === "object" || before.kind === "tuple") && (now.kind === "object" || now.kind === "tuple")) {
    compareMembers(where, before.members, now.members, isSent ? "sent" : "received", now.line, sink);
    if (now.kind === "tuple" && now.members.length !== before.members.length) {
      sink.add(now.line, where, "has another length than released", "Tuples do not grow: add a new type");
    }
  }
}
