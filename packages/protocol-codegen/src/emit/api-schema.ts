import type { Api, ApiMember, ApiMethod, ApiType } from "../model/api.ts";
import type { ErrorRegistry } from "../model/error-registry.ts";

type Schema = Readonly<Record<string, unknown>>;

/** The JSON API as an AsyncAPI 3.0 document: for tools that draw, mock or generate clients in other languages. */
export function emitAsyncApi(api: Api, registry: ErrorRegistry | undefined): string {
  const upMessages = [
    ...api.methods.map((method) => [messageName(method.name), upMessage(method)] as const),
    ...api.notices.map((notice) => [notice.name, message(`The notice ${notice.name}.`, noticeSchema(notice))] as const),
  ];
  const downMessages = api.frames.map(
    (frame) =>
      [
        `${frame.name}Frame`,
        message(
          frame.documentation,
          object([
            ["id", frame.of === "connection" ? { const: 0 } : { type: "integer", minimum: 1 }],
            [frame.name, reference(frame.type)],
          ]),
        ),
      ] as const,
  );
  const document = {
    asyncapi: "3.0.0",
    info: { title: api.name, version: `${api.version}.0.0`, description: api.documentation },
    channels: {
      socket: {
        address: api.path,
        description: `WebSocket, subprotocol ${api.subprotocol}, text frames of one JSON object each.`,
        messages: Object.fromEntries(
          [...upMessages, ...downMessages].map(([name]) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: {
      up: operation(
        "receive",
        upMessages.map(([name]) => name),
      ),
      down: operation(
        "send",
        downMessages.map(([name]) => name),
      ),
    },
    components: {
      messages: Object.fromEntries([...upMessages, ...downMessages]),
      schemas: Object.fromEntries([
        ...api.types.map((type) => [type.name, typeSchema(type)] as const),
        ["error", errorSchema(registry)],
      ]),
    },
    "x-closeCodes": api.closes.map(({ name, code, reconnect, documentation }) => ({
      name,
      code,
      reconnect,
      description: documentation,
    })),
    "x-limits": Object.fromEntries(api.limits.map((limit) => [limit.name, limit.default])),
    "x-heartbeatMs": api.heartbeatMs,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function upMessage(method: ApiMethod): Schema {
  const members: (readonly [string, Schema])[] = [
    ["id", { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER }],
    ["method", { const: method.name }],
    ...method.parameters.map((parameter) => [parameter.name, memberSchema(parameter)] as const),
  ];
  const optional = method.parameters.filter((parameter) => parameter.isOptional).map((parameter) => parameter.name);
  return {
    ...message(method.documentation, object(members, optional)),
    "x-answer": method.answer === "stream" ? "stream" : { result: reference(method.result ?? "") },
    "x-authorisation": method.authorisation,
    "x-idempotent": method.isIdempotent,
    "x-retry": method.retry,
    "x-deadlineMs": method.deadlineMs,
  };
}

function noticeSchema(notice: ApiMember): Schema {
  return object([
    ["id", { const: 0 }],
    [notice.name, memberSchema(notice)],
  ]);
}

function message(summary: string, payload: Schema): Schema {
  return summary === "" ? { payload } : { summary, payload };
}

function operation(action: "send" | "receive", names: readonly string[]): Schema {
  return {
    action,
    channel: { $ref: "#/channels/socket" },
    messages: names.map((name) => ({ $ref: `#/channels/socket/messages/${name}` })),
  };
}

/** JSON Schema (draft 7, which AsyncAPI embeds) of one type. */
function typeSchema(type: ApiType): Schema {
  const description = type.documentation === "" ? {} : { description: type.documentation };
  switch (type.kind) {
    case "string":
      return {
        type: "string",
        ...description,
        ...(type.pattern === undefined
          ? { minLength: type.minLength, maxLength: type.maxLength }
          : { pattern: `^(?:${type.pattern})$` }),
      };
    case "integer":
      return { type: "integer", ...description, minimum: type.min, maximum: type.max };
    case "number":
      return { type: "number", ...description };
    case "json":
      return { ...description, "x-depthMax": type.depthMax };
    case "object":
      return {
        ...object(
          type.members.map((member) => [member.name, memberSchema(member)] as const),
          type.members.filter((member) => member.isOptional).map((member) => member.name),
        ),
        ...description,
      };
    default:
      return {
        type: "array",
        ...description,
        items: type.members.map((member) => memberSchema(member)),
        minItems: type.members.length,
        maxItems: type.members.length,
      };
  }
}

function memberSchema(member: ApiMember): Schema {
  const single = member.type === "boolean" ? { type: "boolean" } : reference(member.type);
  return member.isList ? { type: "array", items: single, maxItems: member.maxCount } : single;
}

/** Unknown members are allowed everywhere: newer clients and servers may say more. */
function object(members: readonly (readonly [string, Schema])[], optional: readonly string[] = []): Schema {
  return {
    type: "object",
    properties: Object.fromEntries(members),
    required: members.map(([name]) => name).filter((name) => !optional.includes(name)),
  };
}

function errorSchema(registry: ErrorRegistry | undefined): Schema {
  const codes = registry?.errors.filter((entry) => entry.audience === "client").map((entry) => entry.code);
  return object(
    [
      ["code", codes === undefined ? { type: "string" } : { type: "string", examples: codes }],
      ["number", { type: "integer" }],
      ["message", { type: "string", description: "For people; never parse it." }],
      ["retryable", { type: "boolean" }],
      ["retryAfterMs", { type: "number" }],
      ["details", { type: "object" }],
    ],
    ["retryAfterMs", "details"],
  );
}

function reference(type: string): Schema {
  return { $ref: `#/components/schemas/${type}` };
}

/** `document/create` becomes `documentCreate`. */
function messageName(method: string): string {
  return method.replaceAll(/\/([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
