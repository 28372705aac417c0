import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readUpFrame } from "@tidewire/protocol-client";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import fc from "fast-check";
import protobuf from "protobufjs";
import { readDefinitions } from "../src/definition-set.ts";
import { definitionsFolder, generatedDocuments } from "./support/codec-module.ts";
import { fixturesFolder } from "./support/protocols.ts";

const committed = await readDefinitions(definitionsFolder, { validatesSchema: false });
const fixture = await readDefinitions(join(fixturesFolder, "everything"), { validatesSchema: false });

describe("every .proto is one that protobuf tools read", () => {
  const files = [
    ...committed.protocols.map((protocol) => [protocol.name, protocol, generatedDocuments] as const),
    ...fixture.protocols.map((protocol) => [protocol.name, protocol, join(fixturesFolder, "..", "generated")] as const),
  ];
  test.each(files)("%s", (name, protocol, folder) => {
    const { root, package: packageName } = protobuf.parse(readFileSync(join(folder, `${name}.proto`), "utf8"));
    root.resolveAll();
    const namespace = root.lookup(packageName ?? "") as protobuf.Namespace;
    for (const message of protocol.messages) {
      const fields = namespace.lookupType(message.name).fieldsArray;
      expect(fields.map((field) => [field.id, field.name])).toEqual(
        message.fields.map((field) => [field.id, field.name]),
      );
    }
    for (const service of protocol.services) {
      expect(namespace.lookupService(service.name).methodsArray).toHaveLength(service.methods.length);
    }
  });
});

describe("the AsyncAPI document of the client API", () => {
  const require = createRequire(import.meta.url);
  const document = JSON.parse(readFileSync(join(generatedDocuments, "client.asyncapi.json"), "utf8")) as {
    readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> };
  };

  test("is valid AsyncAPI 3.0", () => {
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
    formats.default(ajv);
    const schema = require("@asyncapi/specs/schemas/3.0.0.json") as object;
    const isValid = ajv.validate(schema, document);
    expect(ajv.errors ?? []).toEqual([]);
    expect(isValid).toBe(true);
  });

  test("accepts exactly the requests that the generated reader accepts", () => {
    const schemas = payloadSchemas(document);
    const accepted = { reader: 0, neither: 0 };
    fc.assert(
      fc.property(requestFrame, (frame) => {
        const outcome = readUpFrame(frame);
        const method = (frame as { method: string }).method;
        const isAccepted = outcome.kind === "request";
        accepted[isAccepted ? "reader" : "neither"]++;
        expect([frame, schemas.get(method)!(frame)]).toEqual([frame, isAccepted]);
      }),
      { numRuns: 3_000 },
    );
    expect(accepted.reader).toBeGreaterThan(200);
    expect(accepted.neither).toBeGreaterThan(200);
  });
});

function payloadSchemas(document: {
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> };
}): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv({ strict: false });
  ajv.addSchema({ $id: "client", ...document });
  const compiled = new Map<string, ValidateFunction>();
  for (const [name, message] of Object.entries(document.components.messages)) {
    const method = (message.payload as { properties: { method?: { const: string } } }).properties.method?.const;
    if (method === undefined) continue;
    const validate = ajv.getSchema(`client#/components/messages/${name}/payload`);
    if (validate !== undefined) compiled.set(method, validate);
  }
  return compiled;
}

const oddValue = fc.constantFrom<unknown[]>(null, true, -1, 0.5, "", "Ω", [], {}, [1], 2 ** 53, "x".repeat(200));
const usually = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: oddValue });
const id = fc.integer({ min: 1, max: 9 });
const requestFrame = fc.record(
  {
    id,
    method: fc.constantFrom(
      "session/authenticate",
      "document/create",
      "document/get",
      "connection/create",
      "connection/send",
      "connection/update",
      "connection/end",
      "message/send",
      "heartbeat",
    ),
    space: usually(fc.constantFrom("game", "board-game")),
    key: usually(fc.constantFrom("a", "A.b_c-1")),
    connection: usually(id),
    message: usually(fc.constantFrom("add", "say it")),
    marker: usually(fc.constantFrom("m1", "~ ~")),
    arg: fc.jsonValue({ maxDepth: 2 }),
    viewState: fc.jsonValue({ maxDepth: 2 }),
    token: usually(fc.constant("dev:alice")),
    resume: usually(fc.record({ seq: usually(fc.nat()), hash: usually(fc.constant("00ff00ff00ff00ff")) })),
    at: usually(fc.double({ noNaN: true, noDefaultInfinity: true })),
    streams: usually(fc.array(usually(fc.tuple(id, fc.nat(), fc.constant("ff"))), { maxLength: 3 })),
  },
  { requiredKeys: ["id", "method"], noNullPrototype: true },
);
