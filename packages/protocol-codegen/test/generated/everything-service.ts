// Generated from everything.xml, digest 4d8556c0159ff096. Do not edit; run codegen.
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import {
  ListsCodec,
  NothingCodec,
  ShapeCodec,
  SinglesCodec,
} from "./everything-codecs.ts";
import type {
  Lists,
  Nothing,
  Shape,
  Singles,
} from "./everything-types.ts";

export const everythingProtocol = { name: "everything", version: 3, digest: "4d8556c0159ff096" } as const;

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
  digest: "4d8556c0159ff096",
  heartbeatMs: 1000,
  callers: ["edge-proxy", "tester"],
  methods: {
    ask: everythingAsk,
    talk: everythingTalk,
  },
} as const;
