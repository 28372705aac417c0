import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { DefinitionError, type DefinitionProblem, formatProblem } from "../src/definition-problem.ts";
import { readDefinitions } from "../src/definition-set.ts";
import { api, error, message, protocol } from "./support/definition-text.ts";
import { faultyFields } from "./support/faulty-fields.ts";
import { faultyNames } from "./support/faulty-names.ts";

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

const cases = [...faultyFields, ...faultyNames];

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
