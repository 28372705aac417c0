import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compareDefinitions } from "../src/compatibility/compare-definitions.ts";
import { definitionsFolder } from "./support/codec-module.ts";
import { definitionOf } from "./support/definition-of.ts";
import { fixturesFolder } from "./support/protocols.ts";

const game = readFileSync(join(fixturesFolder, "before", "game.xml"), "utf8");
const client = readFileSync(join(definitionsFolder, "client.xml"), "utf8");
const errors = readFileSync(join(definitionsFolder, "errors.xml"), "utf8");

const answer =
  '<message name="Answer"><field id="1" name="words" type="u8" list="true" maxCount="3"/>' +
  '<field id="2" name="mark" type="bytes" minBytes="2"/></message>';

type Case = [title: string, source: string, from: string | RegExp, to: string, problem: string];

const breaking: Case[] = [
  [
    "a change without a new version",
    game,
    'heartbeatMs="1000"',
    'heartbeatMs="2000"',
    "differs from the released version 1",
  ],
  ["a lower version", game.replace('version="1"', 'version="2"'), 'version="2"', 'version="1"', "lower version"],
  ["a field that went", game, /<field id="7".*/, "", "field of Turn with id 7: was released and is gone"],
  ["a field of another type", game, 'name="last" type="u16"', 'name="last" type="u32"', "type changed from u16 to u32"],
  [
    "a field that became a list",
    game,
    'name="last" type="u16"',
    'name="last" type="u16" list="true"',
    "container changed",
  ],
  [
    "a field under another name",
    game,
    'name="last" type="u16"',
    'name="final" type="u16"',
    "name changed from last to final",
  ],
  [
    "a bound that shrank",
    game,
    'maxLength="20"',
    'maxLength="19"',
    "maxLength changed from 20 to 19, which is narrower",
  ],
  [
    "a bound that callers may now pass",
    game,
    /version="1"([^]*)maxLength="20"/,
    'version="2"$1maxLength="21"',
    'field "Turn.player": maxLength changed from 20 to 21, which is wider: released services refuse what goes beyond',
  ],
  [
    "a bound that services may now pass",
    game.replace('response="Card"', 'response="Answer"').replace("<service", `${answer}<service`),
    /version="1"([^]*)maxCount="3"/,
    'version="2"$1maxCount="4"',
    'field "Answer.words": maxCount changed from 3 to 4, which is wider: released callers refuse what goes beyond',
  ],
  [
    "a bound that either side may now pass",
    game.replace("<service", `${answer}<service`),
    /version="1"([^]*)minBytes="2"/,
    'version="2"$1minBytes="1"',
    'field "Answer.mark": minBytes changed from 2 to 1, which is wider: released peers refuse what goes beyond',
  ],
  [
    "a bound that was widened before, and now again",
    game.replace('version="1"', 'version="2"').replace('maxLength="20"', 'maxLength="20" boundsSince="2"'),
    /version="2"([^]*)maxLength="20"/,
    'version="3"$1maxLength="21"',
    "maxLength changed from 20 to 21, which is wider",
  ],
  [
    "an appended field without since",
    game,
    'name="last" type="u16"/>',
    'name="last" type="u16"/><field id="8" name="x" type="u8" list="true"/>',
    "claims to have been released",
  ],
  [
    "an enum value that went",
    game,
    '<value name="hearts" number="2"/>',
    "",
    "value of Suit hearts: was released and is gone",
  ],
  ["an enum value renumbered", game, 'name="hearts" number="2"', 'name="hearts" number="3"', "another number"],
  [
    "a new enum value without fallback or gate",
    game,
    '<value name="live" number="1"/>',
    '<value name="live" number="1"/><value name="replay" number="2"/>',
    "a fault to peers",
  ],
  [
    "a variant that changed under its id",
    game,
    'name="ping" type="Ping"/>',
    'name="ping" type="Card"/>',
    "changed under its id",
  ],
  [
    "a message that went",
    game.replace("<service", '<message name="Old"/><service'),
    '<message name="Old"/>',
    "",
    "message Old: was released and is gone",
  ],
  ["a method of another shape", game, 'response="Card"', 'response="Ping"', "was released as unary 1 Turn Card"],
  ["a service of another id", game, 'name="Game" id="1"', 'name="Game" id="2"', "another id"],
  [
    "a parameter that became required",
    client,
    'name="token" type="Token" optional="true"',
    'name="token" type="Token"',
    "is required now",
  ],
  [
    "a new required parameter",
    client,
    '<parameter name="message" type="MessageName"/>',
    '<parameter name="message" type="MessageName"/><parameter name="colour" type="Text"/>',
    "is new and required",
  ],
  [
    "a parameter with less room",
    client,
    'name="MessageName" minLength="1" maxLength="128"',
    'name="MessageName" minLength="1" maxLength="127"',
    'string "MessageName": accepts less than released',
  ],
  [
    "a result with more room",
    client,
    'name="View" depthMax="64"',
    'name="View" depthMax="65"',
    'json "View": may exceed what was released',
  ],
  [
    "more room for what goes both ways",
    client,
    'name="Hash" maxLength="64"',
    'name="Hash" maxLength="65"',
    'string "Hash": may exceed what was released',
  ],
  ["a narrower pattern", client, "[A-Za-z0-9._-]{1,511}", "[A-Za-z0-9._-]{1,64}", "another pattern"],
  [
    "a result that may be missing",
    client,
    '<property name="session" type="Text"/>',
    '<property name="session" type="Text" optional="true"/>',
    "may be missing now",
  ],
  [
    "a method that went",
    client,
    /<method name="connection\/resync"[^]*?<\/method>/,
    "",
    "method connection/resync: was released and is gone",
  ],
  ["a close code renumbered", client, 'name="silent" code="4408"', 'name="silent" code="4409"', "another code"],
  [
    "another subprotocol",
    client,
    'subprotocol="tidewire.v1.json"',
    'subprotocol="tidewire.v2.json"',
    "subprotocol changed",
  ],
  ["an error renumbered", errors, 'number="1010"', 'number="1011"', "number changed"],
  ["an error that went", errors, /<error code="fenced".*/, "", "error fenced: was released and is gone"],
  [
    "an error retryable no more",
    errors,
    'number="2103" retryable="true" retryAfterMs="50"',
    'number="2103" retryable="false"',
    "retryable changed",
  ],
];

describe("a change that released peers could not live with is named", () => {
  test.each(breaking)("%s", (_, source, from, to, problem) => {
    const changed = source.replace(from, to);
    expect(changed).not.toBe(source);
    const problems = compareDefinitions(definitionOf(source), definitionOf(changed));
    expect(problems.map(({ element, problem: text }) => `${element}: ${text}`).join("\n")).toContain(problem);
    for (const found of problems) expect(found.line).toBeGreaterThan(0);
  });
});

test("a registry of errors that went is named", () => {
  const before = definitionOf(errors);
  expect(compareDefinitions(before, { protocols: [], apis: [], errors: [] })).toMatchObject([
    { element: "error registry", problem: "was released and is gone" },
  ]);
});

const compatible: Case[] = [
  ["documentation", game, '<message name="Ping"/>', '<message name="Ping">Are you there?</message>', ""],
  [
    "a new enum value where there is a fallback",
    game,
    /version="1"([^]*)<value name="hearts"/,
    'version="2"$1<value name="clubs" number="3"/><value name="hearts"',
    "",
  ],
  [
    "a new method",
    game,
    /version="1"([^]*)<\/service>/,
    'version="2"$1<unary id="2" name="b" request="Turn" response="Card" deadlineMs="1" idempotent="true" retry="safe"/></service>',
    "",
  ],
  [
    "a wider bound that newer peers are told of",
    game,
    /version="1"([^]*)maxLength="20"/,
    'version="2"$1maxLength="21" boundsSince="2"',
    "",
  ],
  [
    "a parameter with more room",
    client,
    'name="MessageName" minLength="1" maxLength="128"',
    'name="MessageName" maxLength="256"',
    "",
  ],
  ["a result with less room", client, 'name="View" depthMax="64"', 'name="View" depthMax="63"', ""],
  [
    "a new optional parameter",
    client,
    '<parameter name="message" type="MessageName"/>',
    '<parameter name="message" type="MessageName"/><parameter name="colour" type="Text" optional="true"/>',
    "",
  ],
  [
    "a new member of a result",
    client,
    '<property name="session" type="Text"/>',
    '<property name="session" type="Text"/><property name="region" type="Text"/>',
    "",
  ],
  [
    "a new error",
    errors,
    "</errors>",
    '<error code="new_one" number="1099" retryable="false" httpStatus="400" audience="client">New.</error></errors>',
    "",
  ],
];

describe("a change that released peers can live with is not", () => {
  test.each(compatible)("%s", (_, source, from, to) => {
    const changed = source.replace(from, to);
    expect(changed).not.toBe(source);
    expect(compareDefinitions(definitionOf(source), definitionOf(changed))).toEqual([]);
  });

  test("the grown fixture", () => {
    const before = definitionOf(game);
    const after = definitionOf(readFileSync(join(fixturesFolder, "after", "game.xml"), "utf8"));
    expect(compareDefinitions(before, after)).toEqual([]);
    expect(compareDefinitions(after, before).length).toBeGreaterThan(5);
  });
});
