import { expect, test } from "@jest/globals";
import type { MessagesOf, ViewOf, ViewStateOf } from "../src/index.ts";
import { World } from "./support/world.ts";

interface Field<View, Presence, Audience> {
  readonly "~field"?: { readonly view: View; readonly presence: Presence; readonly audience: Audience };
}

/** What a definition leaves behind for the type checker, written by hand. */
interface Game {
  readonly space: "game";
  readonly "~types"?: {
    readonly state: {
      readonly phase: Field<"lobby" | "play", "required", "everyone">;
      readonly note: Field<string, "optional", "everyone">;
      readonly hint: Field<string, "required", "some">;
      readonly seed: Field<number, "required", "nobody">;
      readonly players: Field<{ readonly [key: string]: { readonly score: number } }, "defaulted", "everyone">;
    };
    readonly computed: { readonly leader: string | undefined };
    readonly views: {
      readonly hand: { toArray(): { id: string; rank: number }[] };
      readonly scores: { entries(): [string, number][] };
      readonly names: string[];
    };
    readonly messages: {
      readonly add: { readonly "~message"?: { readonly arg: { by: number }; readonly value: { value: number } } };
      readonly shuffle: { readonly "~message"?: { readonly arg: undefined; readonly value: undefined } };
    };
    readonly viewState: { readonly zoom: number };
  };
}

interface ExpectedView {
  readonly phase: "lobby" | "play";
  readonly players: { readonly [key: string]: { readonly score: number } };
  readonly note?: string;
  readonly hint?: string;
  readonly leader: string | undefined;
  readonly hand: readonly { readonly rank?: number; readonly id: string }[];
  readonly scores: { readonly [key: string]: number };
  readonly names: readonly string[];
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test("view, messages, results and view state are known from the type of the definition", async () => {
  // Checked by the compiler: a wrong inference does not type.
  const isView: Equal<{ [K in keyof ViewOf<Game>]: ViewOf<Game>[K] }, { [K in keyof ExpectedView]: ExpectedView[K] }> =
    true;
  const isViewState: Equal<ViewStateOf<Game>, { readonly zoom: number }> = true;
  const isArg: Equal<MessagesOf<Game>["add"]["arg"], { by: number }> = true;
  expect([isView, isViewState, isArg]).toEqual([true, true, true]);

  const world = new World();
  const document = world.client.document<Game>("game", "g1");
  const sent = document.send("add", { by: 2 });
  const shuffled = document.send("shuffle");
  await world.pass(50);
  const total: number = (await sent).value.value;
  const nothing: undefined = (await shuffled).value;
  expect([total, nothing]).toEqual([2, undefined]);
  const mistakes = [
    // @ts-expect-error -- there is no such message
    () => document.send("resign"),
    // @ts-expect-error -- the argument is missing
    () => document.send("add"),
    // @ts-expect-error -- the argument is of another type
    () => document.send("add", { by: "2" }),
    // @ts-expect-error -- private fields never reach a client
    () => document.state.view?.seed,
    // @ts-expect-error -- the view state is of another type
    () => document.updateViewState({ zoom: "near" }),
  ];
  expect(mistakes).toHaveLength(5);
});

test("without a type everything is JSON", async () => {
  const world = new World();
  const document = world.client.document("game", "g1", { viewState: { anything: true } });
  const sent = document.send("add", { by: 2 });
  await world.pass(50);
  expect((await sent).value).toEqual({ value: 2 });
  expect(document.state.view?.["value"]).toBeUndefined();
});
