// Generated from everything.xml, digest 6814d17092d291a9. Do not edit; run codegen.
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import {
  AwkwardCodec,
  ListsCodec,
  NothingCodec,
  ShapeCodec,
  SinglesCodec,
  ThingCodec,
} from "./everything-codecs.ts";
import type {
  Awkward,
  Lists,
  Nothing,
  Shape,
  Singles,
  Thing,
} from "./everything-types.ts";

export const everythingProtocol = { name: "everything", version: 3, digest: "6814d17092d291a9" } as const;

const everythingAsk: UnaryMethod<Singles, Shape> = {
  kind: "unary",
  id: 2305,
  name: "Everything/ask",
  request: SinglesCodec,
  response: ShapeCodec,
  deadlineMs: 100,
  isIdempotent: true,
  retry: "safe",
};

const everythingTalk: StreamMethod<Nothing, Shape, Lists> = {
  kind: "stream",
  id: 2306,
  name: "Everything/talk",
  open: NothingCodec,
  up: ShapeCodec,
  down: ListsCodec,
  credit: 3,
  deadlineMs: 100,
};

export const EverythingService = {
  name: "Everything",
  id: 9,
  protocol: "everything",
  version: 3,
  digest: "6814d17092d291a9",
  heartbeatMs: 1000,
  callers: ["edge-proxy", "tester"],
  methods: {
    ask: everythingAsk,
    talk: everythingTalk,
  },
} as const;

const anotherTalk: StreamMethod<Nothing, Thing, Awkward> = {
  kind: "stream",
  id: 2561,
  name: "Another/talk",
  open: NothingCodec,
  up: ThingCodec,
  down: AwkwardCodec,
  credit: 1,
  deadlineMs: 100,
};

const anotherDelete: UnaryMethod<Awkward, Nothing> = {
  kind: "unary",
  id: 2562,
  name: "Another/delete",
  request: AwkwardCodec,
  response: NothingCodec,
  deadlineMs: 100,
  isIdempotent: false,
  retry: "unsent",
};

export const AnotherService = {
  name: "Another",
  id: 10,
  protocol: "everything",
  version: 3,
  digest: "6814d17092d291a9",
  heartbeatMs: 1000,
  callers: [],
  methods: {
    talk: anotherTalk,
    delete: anotherDelete,
  },
} as const;
