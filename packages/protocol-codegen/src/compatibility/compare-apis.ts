import type { DefinitionProblem } from "../definition-problem.ts";
import { type Api, type ApiMember, type ApiType, typesSentByClients, typesSentToClients } from "../model/api.ts";
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
  const received = typesSentToClients(current);
  const types = sink.pairs("type", released.types, current.types, byName, current.line);
  for (const [before, now] of types.kept) {
    compareTypes(before, now, { isSent: sent.has(now.name), isReceived: received.has(now.name) }, sink);
  }
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
    if (now.isList && (direction === "sent" ? now.maxCount < before.maxCount : now.maxCount > before.maxCount)) {
      const problem =
        direction === "sent" ? "takes fewer elements than released" : "may have more elements than released";
      sink.add(now.line, `${where}, "${now.name}"`, problem, `Set maxCount back to ${before.maxCount}`);
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

/** Which way values of a type go, as a client sees it. */
interface Uses {
  readonly isSent: boolean;
  readonly isReceived: boolean;
}

function compareTypes(before: ApiType, now: ApiType, { isSent, isReceived }: Uses, sink: ProblemSink): void {
  const where = `${now.kind} "${now.name}"`;
  const bounds = (change: { readonly isNarrower: boolean; readonly isWider: boolean }): void => {
    if (isSent && change.isNarrower) {
      sink.add(
        now.line,
        where,
        "accepts less than released",
        "Released clients may send what does not fit: widen it again",
      );
    }
    if (isReceived && change.isWider) {
      const fix = "Released clients may have checked the bound: put it back, and use a new type in a member of its own";
      sink.add(now.line, where, "may exceed what was released", fix);
    }
  };
  if (before.kind !== now.kind) {
    sink.add(now.line, where, `was released as ${before.kind}`, "Put it back and add a new type");
  } else if (before.kind === "string" && now.kind === "string") {
    if (before.pattern !== now.pattern) sink.add(now.line, where, "has another pattern than released", "Put it back");
    bounds({
      isNarrower: now.minLength > before.minLength || now.maxLength < before.maxLength,
      isWider: now.minLength < before.minLength || now.maxLength > before.maxLength,
    });
  } else if (before.kind === "integer" && now.kind === "integer") {
    bounds({
      isNarrower: now.min > before.min || now.max < before.max,
      isWider: now.min < before.min || now.max > before.max,
    });
  } else if (before.kind === "json" && now.kind === "json") {
    bounds({ isNarrower: now.depthMax < before.depthMax, isWider: now.depthMax > before.depthMax });
  } else if ((before.kind === "object" || before.kind === "tuple") && (now.kind === "object" || now.kind === "tuple")) {
    compareMembers(where, before.members, now.members, isSent ? "sent" : "received", now.line, sink);
    if (now.kind === "tuple" && now.members.length !== before.members.length) {
      sink.add(now.line, where, "has another length than released", "Tuples do not grow: add a new type");
    }
  }
}
