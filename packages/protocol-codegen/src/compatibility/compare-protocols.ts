import type { DefinitionProblem } from "../definition-problem.ts";
import { digestOf } from "../model/digest.ts";
import type { EnumType, Field, MessageType, Method, Protocol, UnionType } from "../model/protocol.ts";
import { ProblemSink } from "./problem-sink.ts";
import { type Senders, sendersOf } from "./senders.ts";

/** What keeps processes of the released protocol from talking to processes of the current one. */
export function compareProtocols(released: Protocol, current: Protocol): readonly DefinitionProblem[] {
  const sink = new ProblemSink(current.file);
  const isNewer = current.version > released.version;
  if (current.version < released.version) {
    sink.add(current.line, `protocol "${current.name}"`, "has a lower version than released", "Versions only grow");
  } else if (!isNewer && digestOf(current) !== digestOf(released)) {
    const fix = `Raise version to ${released.version + 1}, or release again if nothing of it is in use`;
    sink.add(current.line, `protocol "${current.name}"`, `differs from the released version ${released.version}`, fix);
  }
  const byName = (part: { readonly name: string }): string => part.name;
  const messages = sink.pairs("message", released.messages, current.messages, byName, current.line);
  const senders = sendersOf(current);
  for (const [before, now] of messages.kept) {
    const kept = compareMessages(released, before, now, sink);
    for (const [field, fieldNow] of kept) compareBounds(released, now.name, senders(now.name), [field, fieldNow], sink);
  }
  const enums = sink.pairs("enum", released.enums, current.enums, byName, current.line);
  for (const [before, now] of enums.kept) compareEnums(released, before, now, sink);
  const unions = sink.pairs("union", released.unions, current.unions, byName, current.line);
  for (const [before, now] of unions.kept) compareUnions(released, before, now, sink);
  const services = sink.pairs("service", released.services, current.services, byName, current.line);
  for (const [before, now] of services.kept) {
    if (before.id !== now.id)
      sink.add(now.line, `service "${now.name}"`, "has another id than released", `Set it back to ${before.id}`);
    const methods = sink.pairs("method", before.methods, now.methods, byName, now.line);
    for (const [method, methodNow] of methods.kept) compareMethods(method, methodNow, sink);
  }
  return sink.problems;
}

/** Gives the fields that are still there, as they were and as they are. */
function compareMessages(
  released: Protocol,
  before: MessageType,
  now: MessageType,
  sink: ProblemSink,
): readonly (readonly [Field, Field])[] {
  const { kept, added } = sink.pairs(
    `field of ${now.name} with id`,
    before.fields,
    now.fields,
    (field) => field.id,
    now.line,
  );
  for (const [field, fieldNow] of kept) compareFields(now.name, field, fieldNow, sink);
  for (const field of added) {
    if (field.since > released.version) continue;
    const fix = `Set since="${released.version + 1}" (and the protocol's version)`;
    sink.add(field.line, `field "${now.name}.${field.name}"`, "is new, but claims to have been released", fix);
  }
  return kept;
}

function compareFields(message: string, before: Field, now: Field, sink: ProblemSink): void {
  const where = `field "${message}.${now.name}"`;
  const changed = (what: string, from: string | number | boolean, to: string | number | boolean): void => {
    if (from !== to)
      sink.add(now.line, where, `${what} changed from ${from} to ${to}`, "Put it back and append a new field");
  };
  changed("name", before.name, now.name);
  changed("type", before.type.name, now.type.name);
  changed("container", before.container, now.container);
  changed("optional", before.isOptional, now.isOptional);
  changed("since", before.since, now.since);
  changed("default", before.defaultText ?? "none", now.defaultText ?? "none");
}

/** Why a wider bound is refused, and how it can come nevertheless, by who sends the message. */
const widening: Readonly<Record<Senders, { readonly refusedBy: string; readonly order: string }>> = {
  callers: { refusedBy: "services", order: "deploy services first, and let callers send more only to services" },
  services: { refusedBy: "callers", order: "deploy callers first, and let services send more only to callers" },
  peers: { refusedBy: "peers", order: "send more only to peers" },
};

function compareBounds(
  released: Protocol,
  message: string,
  senders: Senders,
  [before, now]: readonly [Field, Field],
  sink: ProblemSink,
): void {
  const where = `field "${message}.${now.name}"`;
  const next = released.version + 1;
  const { refusedBy, order } = widening[senders];
  /** @param room what a value may take; more is wider. */
  const compare = (what: string, from: number, to: number, room: 1 | -1): void => {
    const change = `${what} changed from ${from} to ${to}`;
    if (room * to < room * from) {
      sink.add(
        now.line,
        where,
        `${change}, which is narrower`,
        "Older peers may send what does not fit; widen it again",
      );
    } else if (to !== from && now.boundsSince <= released.version) {
      const problem = `${change}, which is wider: released ${refusedBy} refuse what goes beyond`;
      sink.add(
        now.line,
        where,
        problem,
        `Set boundsSince="${next}" (and the protocol's version), ${order} of version ${next}`,
      );
    }
  };
  compare("maxLength", before.maxLength, now.maxLength, 1);
  compare("maxBytes", before.maxBytes, now.maxBytes, 1);
  compare("maxCount", before.maxCount, now.maxCount, 1);
  compare("keyMaxLength", before.keyMaxLength, now.keyMaxLength, 1);
  compare("minBytes", before.minBytes, now.minBytes, -1);
}

function compareEnums(released: Protocol, before: EnumType, now: EnumType, sink: ProblemSink): void {
  const { kept, added } = sink.pairs(
    `value of ${now.name}`,
    before.values,
    now.values,
    (value) => value.name,
    now.line,
  );
  for (const [value, valueNow] of kept) {
    if (value.number === valueNow.number) continue;
    sink.add(
      valueNow.line,
      `value "${now.name}.${value.name}"`,
      "has another number than released",
      `Set it back to ${value.number}`,
    );
  }
  for (const value of added) {
    if (before.values.some((old) => old.number === value.number)) {
      sink.add(
        value.line,
        `value "${now.name}.${value.name}"`,
        "has the number of a released value",
        "Take the next free one",
      );
    }
    if (before.fallback !== undefined || value.since > released.version) continue;
    const fix = `Set since="${released.version + 1}" and send it only to peers of that version`;
    sink.add(value.line, `value "${now.name}.${value.name}"`, "is a fault to peers of the released version", fix);
  }
}

function compareUnions(released: Protocol, before: UnionType, now: UnionType, sink: ProblemSink): void {
  const { kept, added } = sink.pairs(
    `variant of ${now.name} with id`,
    before.variants,
    now.variants,
    (variant) => variant.id,
    now.line,
  );
  for (const [variant, variantNow] of kept) {
    if (variant.name === variantNow.name && variant.type === variantNow.type) continue;
    sink.add(
      variantNow.line,
      `variant "${now.name}.${variantNow.name}"`,
      "changed under its id",
      "Put it back and append a new variant",
    );
  }
  for (const variant of added) {
    if (before.unknown === "skip" || variant.since > released.version) continue;
    const fix = `Set since="${released.version + 1}" and send it only to peers of that version`;
    sink.add(variant.line, `variant "${now.name}.${variant.name}"`, "is a fault to peers of the released version", fix);
  }
}

function compareMethods(before: Method, now: Method, sink: ProblemSink): void {
  const shape = (method: Method): string =>
    method.kind === "unary"
      ? `unary ${method.id} ${method.request} ${method.response}`
      : `stream ${method.id} ${method.open} ${method.up} ${method.down}`;
  if (shape(before) === shape(now)) return;
  sink.add(now.line, `method "${now.name}"`, `was released as ${shape(before)}`, "Put it back and add a new method");
}
