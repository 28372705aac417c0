import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { DefinitionError, type DefinitionProblem, formatProblem } from "../src/definition-problem.ts";
import { readDefinitions } from "../src/definition-set.ts";

// Each case starts the schema validator anew, which takes a second on a busy machine.
jest.setTimeout(30_000);

async function problemsOf(...sources: readonly string[]): Promise<readonly DefinitionProblem[]> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-definitions-"));
  for (const [index, source] of sources.entries()) writeFileSync(join(folder, `${index}.xml`), source);
  try {
    await readDefinitions(folder);
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
  throw new Error("the definition was accepted");
}

function protocol(body: string, attributes = 'name="test" version="2" package="test"'): string {
  return `<protocol xmlns="urn:tidewire:protocol:1" ${attributes}>\n${body}\n</protocol>`;
}

function message(fields: string): string {
  return protocol(`<message name="M">\n${fields}\n</message>`);
}

const api = (body: string): string =>
  `<api xmlns="urn:tidewire:api:1" name="a" version="1" package="a" path="/" subprotocol="s" heartbeatMs="5000">
<close name="malformedFrame" code="4500" reconnect="false"/><close name="malformedId" code="4501" reconnect="false"/>
${body}
</api>`;

const errors = (body: string): string => `<errors xmlns="urn:tidewire:errors:1">\n${body}\n</errors>`;
const error = (attributes: string, text = "Why."): string =>
  errors(`<range subsystem="edge" from="1000" to="1999"/>\n<error ${attributes}>${text}</error>`);

type Case = [title: string, source: string, line: number, element: string, problem: string, fix: string];

const cases: Case[] = [
  ["broken markup", protocol("<message"), 3, 'protocol "test"', "well-formed", "Correct the markup"],
  ["a document type", `<!DOCTYPE protocol [<!ENTITY a "b">]>\n${protocol("")}`, 1, "file", "document type", "Remove"],
  ["another namespace", '<protocol xmlns="urn:other"/>', 1, "protocol", "namespace", "urn:tidewire:protocol:1"],
  ["an unknown element", protocol('<mesage name="M"/>'), 2, 'mesage "M"', "not known", "message"],
  [
    "a misspelt attribute",
    message('<field id="1" name="a" type="string" maxlength="3"/>'),
    3,
    'field "a"',
    "maxlength is unknown",
    "maxLength",
  ],
  [
    "a shortened attribute",
    message('<field id="1" name="a" type="string" max="3"/>'),
    3,
    'field "a"',
    "max is unknown",
    "maxLength",
  ],
  [
    "a missing attribute",
    message('<field id="1" name="a"/>'),
    3,
    'field "a"',
    "type is missing",
    "Add the attribute type",
  ],
  [
    "an unknown type",
    message('<field id="1" name="a" type="Thing"/>'),
    3,
    'field "a"',
    '"Thing" is unknown',
    "Declare it",
  ],
  [
    "a bound out of range",
    message('<field id="1" name="a" type="string" maxLength="0"/>'),
    3,
    'field "a"',
    "out of range",
    "from 1 to",
  ],
  ["a name that is none", message('<field id="1" name="A b" type="u8"/>'), 3, 'field "A b"', "no fit name", "Match"],
  [
    "a name every object has",
    message('<field id="1" name="constructor" type="u8"/>'),
    3,
    'field "constructor"',
    "inherits",
    "another",
  ],
  [
    "ids that do not ascend",
    message('<field id="2" name="a" type="u8"/>\n<field id="2" name="b" type="u8"/>'),
    4,
    'field "M.b"',
    "does not follow",
    "Append",
  ],
  [
    "a field name twice",
    message('<field id="1" name="a" type="u8"/>\n<field id="2" name="a" type="u8"/>'),
    2,
    'message "M"',
    "used twice",
    "its own",
  ],
  [
    "an appended field without default",
    message('<field id="1" name="a" type="u8" since="2"/>'),
    3,
    'field "M.a"',
    "older senders",
    'optional="true"',
  ],
  [
    "a field of the future",
    message('<field id="1" name="a" type="u8" optional="true" since="3"/>'),
    3,
    'field "M.a"',
    "after the protocol's version",
    "Raise",
  ],
  [
    "an optional list",
    message('<field id="1" name="a" type="u8" optional="true" list="true"/>'),
    3,
    'field "M.a"',
    "optional list",
    "Remove optional",
  ],
  [
    "a list that is a map",
    message('<field id="1" name="a" type="u8" map="true" list="true"/>'),
    3,
    'field "a"',
    "both a list and a map",
    "Remove one",
  ],
  [
    "a default of another type",
    message('<field id="1" name="a" type="u8" default="x"/>'),
    3,
    'field "M.a"',
    'default "x"',
    "value of the field's type",
  ],
  [
    "a message inside itself",
    message('<field id="1" name="a" type="M" optional="true"/>'),
    2,
    'type "M"',
    "contains itself",
    "Flatten",
  ],
  [
    "a number with a fraction for an integer",
    message('<field id="1" name="a" type="u8" default="0.5"/>'),
    3,
    'field "M.a"',
    'default "0.5"',
    "value of the field's type",
  ],
  [
    "a default above its type",
    message('<field id="1" name="a" type="u8" default="256"/>'),
    3,
    'field "M.a"',
    'default "256"',
    "from 0 to 255",
  ],
  [
    "a default below its type",
    message('<field id="1" name="a" type="u53" default="-1"/>'),
    3,
    'field "M.a"',
    'default "-1"',
    "from 0 to",
  ],
  [
    "a default that TypeScript reads otherwise",
    message('<field id="1" name="a" type="u8" default="007"/>'),
    3,
    'field "M.a"',
    'default "007"',
    "value of the field's type",
  ],
  [
    "a default longer than the field",
    message('<field id="1" name="a" type="string" maxLength="2" default="abc"/>'),
    3,
    'field "M.a"',
    "longer than",
    "maxLength",
  ],
  [
    "a default that is no JSON",
    message('<field id="1" name="a" type="json" default="{"/>'),
    3,
    'field "M.a"',
    "no JSON",
    "JSON text",
  ],
  [
    "a bound that bounds nothing",
    message('<field id="1" name="a" type="u8" maxLength="3"/>'),
    3,
    'field "a"',
    "maxLength bounds nothing",
    "string and json",
  ],
  [
    "a bound of lists on one value",
    message('<field id="1" name="a" type="string" maxCount="3"/>'),
    3,
    'field "a"',
    "maxCount bounds nothing",
    "lists and maps",
  ],
  [
    "a misspelt attribute beside a missing one",
    message('<field id="1" name="a" typ="u8"/>'),
    3,
    'field "a"',
    "attribute typ is unknown",
    "Did you mean type",
  ],
  [
    "a missing flag beside others",
    protocol(
      '<message name="M"/><service name="A" id="1" heartbeatMs="1000">\n<unary id="1" name="m" request="M"/></service>',
    ),
    3,
    'unary "m"',
    "idempotent is missing",
    "Add the attribute",
  ],
  [
    "a protocol name that ends in a dash",
    protocol("", 'name="a-" version="1" package="x"'),
    1,
    'protocol "a-"',
    "no fit name",
    "Match",
  ],
  ["an API without methods", api(""), 1, 'api "a"', "has no methods", "Add a <method>"],
  [
    "an API type named like generated code",
    api('<integer name="UpFrame"/>'),
    3,
    'integer "UpFrame"',
    '"UpFrame"',
    "another name",
  ],
  [
    "API methods that would share a type",
    api(
      '<method name="a/bC" answer="stream" authorisation="none" idempotent="true" retry="safe" deadlineMs="1"/>\n<method name="aBC" answer="stream" authorisation="none" idempotent="true" retry="safe" deadlineMs="1"/>',
    ),
    4,
    'method "aBC"',
    '"ABCParameters"',
    "another name",
  ],
  [
    "an API frame named like the frame's own id",
    api('<object name="O"/>\n<frame name="id" of="request" type="O"/>'),
    4,
    "id",
    "belongs to every frame",
    "another name",
  ],
  [
    "an id that protobuf keeps",
    message('<field id="19000" name="a" type="u8"/>'),
    3,
    'field "M.a"',
    "reserved",
    "20000",
  ],
  [
    "a type named like a codec",
    protocol('<message name="M"/>\n<message name="MCodec"/>'),
    3,
    'message "MCodec"',
    '"MCodec"',
    "another name",
  ],
  [
    "a type named like generated code",
    protocol('<message name="ChatClient"/>\n<service name="Chat" id="1" heartbeatMs="1000"/>'),
    3,
    'service "Chat"',
    '"ChatClient"',
    "another name",
  ],
  [
    "a type named like one of the stubs",
    protocol('<message name="StubStream"/>'),
    2,
    'type "StubStream"',
    "needs itself",
    "another name",
  ],
  [
    "a type named like a global",
    protocol('<message name="Promise"/>'),
    2,
    'type "Promise"',
    "needs itself",
    "another name",
  ],
  [
    "a service name twice",
    protocol('<service name="S" id="1" heartbeatMs="1000"/>\n<service name="S" id="2" heartbeatMs="1000"/>'),
    3,
    'service "S"',
    '"SService"',
    "another name",
  ],
  [
    "methods that would share a constant",
    protocol(
      '<message name="M"/><service name="A" id="1" heartbeatMs="1000"><unary id="1" name="bC" request="M" response="M" deadlineMs="1" idempotent="true" retry="safe"/></service>\n<service name="AB" id="2" heartbeatMs="1000"><unary id="1" name="c" request="M" response="M" deadlineMs="1" idempotent="true" retry="safe"/></service>',
    ),
    3,
    'unary "c"',
    '"aBC"',
    "another name",
  ],
  [
    "a method every object has",
    protocol(
      '<message name="M"/><service name="A" id="1" heartbeatMs="1000">\n<unary id="1" name="constructor" request="M" response="M" deadlineMs="1" idempotent="true" retry="safe"/></service>',
    ),
    3,
    'unary "constructor"',
    "inherits",
    "another",
  ],
  [
    "enum values that are one in protobuf",
    protocol('<enum name="E"><value name="inUse" number="1"/>\n<value name="in-use" number="2"/></enum>'),
    3,
    'value "in-use"',
    '"E_IN_USE"',
    "another name",
  ],
  [
    "an enum value that protobuf takes for zero",
    protocol('<enum name="E">\n<value name="unspecified" number="1"/></enum>'),
    3,
    'value "unspecified"',
    '"E_UNSPECIFIED"',
    "another name",
  ],
  [
    "a message named like a service",
    protocol('<message name="S"/>\n<service name="S" id="1" heartbeatMs="1000"/>'),
    3,
    'service "S"',
    '"S"',
    "another name",
  ],
  [
    "a variant named like the one for strangers",
    protocol('<message name="M"/><union name="U" unknown="skip">\n<variant id="1" name="unknown" type="M"/></union>'),
    3,
    'variant "unknown"',
    "does not know",
    "another name",
  ],
  [
    "a repeatable call that is not idempotent",
    protocol(
      '<message name="M"/><service name="A" id="1" heartbeatMs="1000">\n<unary id="1" name="m" request="M" response="M" deadlineMs="1" idempotent="false" retry="safe"/></service>',
    ),
    3,
    'unary "m"',
    "not idempotent",
    "unsent",
  ],
  [
    "a type name of the generator",
    protocol('<message name="Reader"/>'),
    2,
    'type "Reader"',
    "needs itself",
    "another name",
  ],
  [
    "a fallback that is no value",
    protocol('<enum name="E" fallback="b"><value name="a" number="1"/></enum>'),
    2,
    'enum "E"',
    "fallback",
    "Use one of: a",
  ],
  [
    "an enum number 0",
    protocol('<enum name="E"><value name="a" number="0"/></enum>'),
    2,
    'value "a"',
    "out of range",
    "1 to 255",
  ],
  [
    "a variant of nothing",
    protocol('<union name="U"><variant id="1" name="a" type="M"/></union>'),
    2,
    'union "U"',
    "names no message",
    "Name a message",
  ],
  [
    "a method of unknown messages",
    protocol(
      '<service name="S" id="1" heartbeatMs="1000">\n<unary id="1" name="m" request="A" response="B" deadlineMs="1" idempotent="true" retry="safe"/>\n</service>',
    ),
    3,
    'unary "m"',
    '"A" is no message',
    "Declare it",
  ],
  [
    "an unknown retry class",
    protocol(
      '<message name="A"/><service name="S" id="1" heartbeatMs="1000">\n<unary id="1" name="m" request="A" response="A" deadlineMs="1" idempotent="true" retry="sure"/>\n</service>',
    ),
    3,
    'unary "m"',
    'retry "sure"',
    "never, unsent, safe",
  ],
  [
    "an error out of its range",
    error('code="a" number="2000" retryable="false" httpStatus="400" audience="client"'),
    3,
    'error "a"',
    "in no range",
    "range",
  ],
  [
    "an error without meaning",
    error('code="a" number="1000" retryable="false" httpStatus="400" audience="client"', ""),
    3,
    'error "a"',
    "no meaning",
    "Write",
  ],
  [
    "a delay that is not retryable",
    error('code="a" number="1000" retryable="false" retryAfterMs="1" httpStatus="400" audience="client"'),
    3,
    'error "a"',
    "not retryable",
    "Remove",
  ],
  [
    "overlapping ranges",
    errors('<range subsystem="a" from="1" to="9"/>\n<range subsystem="b" from="9" to="10"/>'),
    3,
    "range",
    "overlaps",
    "its own numbers",
  ],
  [
    "a pattern that does not compile",
    api('<string name="S" pattern="["/>'),
    3,
    'string "S"',
    "no regular expression",
    "Correct",
  ],
  [
    "a close code that lies",
    api('<close name="c" code="4400" reconnect="false"/>'),
    3,
    'close "c"',
    "says otherwise",
    "4000-4499",
  ],
  [
    "a parameter named like the frame's own",
    api(
      '<integer name="I"/>\n<method name="m" answer="stream" authorisation="none" idempotent="true" retry="safe" deadlineMs="1"><parameter name="id" type="I"/></method>',
    ),
    4,
    'method "m"',
    "belongs to the frame",
    "another name",
  ],
  [
    "JSON inside an object parameter",
    api(
      '<json name="J" depthMax="3"/><object name="O"><property name="j" type="J"/></object>\n<method name="m" answer="stream" authorisation="none" idempotent="true" retry="safe" deadlineMs="1"><parameter name="o" type="O"/></method>',
    ),
    4,
    'method "m.o"',
    "hides JSON",
    "parameter of its own",
  ],
];

// All in one folder: starting the schema validator for each of them would take a minute.
const found = await problemsOf(...cases.map(([, source]) => source));

describe("a problem names its line, its element, what is wrong and what to do", () => {
  test.each(cases.map((definition, index) => [definition[0], index] as const))("%s", (title, index) => {
    const [, , line, element, problem, fix] = cases[index]!;
    const own = found.filter((candidate) => candidate.file === `${index}.xml`);
    const match = own.find((candidate) => candidate.line === line && candidate.problem.includes(problem));
    expect([title, match ?? own]).toMatchObject([title, { element }]);
    expect(match?.fix).toContain(fix);
    expect(formatProblem(match!)).toBe(`${index}.xml:${line}: ${element}: ${match!.problem}. ${match!.fix}.`);
  });
});

test("all problems of all files are told at once", async () => {
  const problems = await problemsOf(
    message('<field id="1" name="a" type="Thing"/>\n<field id="0" name="b" type="u8" colour="red"/>'),
    protocol("", 'name="test" version="1" package="x"'),
    error('code="A" number="1" retryable="maybe" httpStatus="200" audience="client"'),
  );
  expect(problems.filter((problem) => problem.file === "0.xml").length).toBeGreaterThanOrEqual(2);
  expect(problems.filter((problem) => problem.file === "2.xml").length).toBeGreaterThanOrEqual(4);
});

test("an empty folder and one that is not there are faults, too", async () => {
  await expect(problemsOf()).resolves.toMatchObject([
    { problem: expect.stringContaining("has no definitions") as unknown },
  ]);
  await expect(readDefinitions(join(tmpdir(), "tidewire-nowhere"))).rejects.toThrow(DefinitionError);
});

test("a folder has one error registry", async () => {
  const registry = error('code="a" number="1000" retryable="false" httpStatus="400" audience="client"');
  const problems = await problemsOf(registry, registry);
  expect(problems.map(formatProblem)).toEqual([
    "1.xml:1: error registry: is taken by 0.xml. Put all errors into one file.",
  ]);
});

test("two files may not share a protocol name or service id", async () => {
  const service = '<service name="S" id="7" heartbeatMs="1000"/>';
  const problems = await problemsOf(protocol(service), protocol(service));
  expect(problems.map((problem) => problem.problem)).toEqual(["is taken by 0.xml", "is taken by 0.xml"]);
});

test("an API and a protocol of one name would write the same files", async () => {
  const method =
    '<method name="m" answer="stream" authorisation="none" idempotent="true" retry="safe" deadlineMs="1"/>';
  const problems = await problemsOf(protocol("", 'name="a" version="1" package="x"'), api(method));
  expect(problems.map(formatProblem)).toEqual(["1.xml:1: name a: is taken by 0.xml. Choose another one."]);
});
