import {
  type SendRequest,
  SendRequestCodec,
  type SendResponse,
  SendResponseCodec,
  type ViewerFrame,
  ViewerFrameCodec,
} from "@tidewire/protocol-host";
import { type Codec, Writer } from "@tidewire/wire";

/** The three messages of an operation, at the sizes BENCHMARKS.md names, as the link encodes them. */
export const SAMPLE_BYTES = { viewerFrame: 365, sendRequest: 200, sendResponse: 365 } as const;
export type SampleName = keyof typeof SAMPLE_BYTES;
export const sampleNames = Object.keys(SAMPLE_BYTES) as SampleName[];

export const textKinds = ["ascii", "nonAscii"] as const;
export type TextKind = (typeof textKinds)[number];

export interface SampleMessages {
  readonly viewerFrame: ViewerFrame;
  readonly sendRequest: SendRequest;
  readonly sendResponse: SendResponse;
  /** What each message carries beyond fixed fields, for rivals that hold it as text, and for the floor. */
  readonly texts: Readonly<Record<SampleName, string>>;
}

const SEQ = 1_234_567;

/** The same content for every variant: a delta, a message to a document and its answer, as the board game has them. */
export function sampleMessages(kind: TextKind): SampleMessages {
  const deltaOf = (memo: string): string =>
    `{"@s":${SEQ},"turn":411,"active":"3","last":{"player":"2","site":"17","kind":"orchard","gain":11,"memo":"${memo}"}}`;
  const frameOf = (memo: string): ViewerFrame => ({
    kind: "delta",
    seq: SEQ,
    hash: undefined,
    data: Buffer.from(deltaOf(memo)),
  });
  const argOf = (memo: string): string => `{"site":17,"card":5,"memo":"${memo}"}`;
  const requestOf = (memo: string): SendRequest => ({
    space: "board-game",
    key: "game-000417",
    principal: { agent: "player-000002", authority: "dev" },
    message: "act",
    arg: argOf(memo),
    marker: "b7Qm2kXo9TzLw4",
    tableVersion: 12,
  });
  const valueOf = (memo: string): string => `{"gain":11,"turn":412,"text":"${memo}"}`;
  const responseOf = (memo: string): SendResponse => ({ seq: SEQ, value: valueOf(memo) });

  const frameMemo = padding(kind, SAMPLE_BYTES.viewerFrame - encodedBytes(ViewerFrameCodec, frameOf("")));
  const requestMemo = padding(kind, SAMPLE_BYTES.sendRequest - encodedBytes(SendRequestCodec, requestOf("")));
  const responseMemo = padding(kind, SAMPLE_BYTES.sendResponse - encodedBytes(SendResponseCodec, responseOf("")));
  return {
    viewerFrame: frameOf(frameMemo),
    sendRequest: requestOf(requestMemo),
    sendResponse: responseOf(responseMemo),
    texts: { viewerFrame: deltaOf(frameMemo), sendRequest: argOf(requestMemo), sendResponse: valueOf(responseMemo) },
  };
}

export function encodedBytes<Message>(codec: Codec<Message>, message: Message): number {
  const writer = new Writer();
  codec.encode(writer, message);
  return writer.position;
}

const ASCII = "the quick tide takes the northern shore and ";
const NON_ASCII = "die Flut nimmt das nördliche Ufer – 潮が満ちる – et à la fin ";

/** Text of exactly so many bytes in UTF-8. */
function padding(kind: TextKind, bytes: number): string {
  const source = kind === "ascii" ? ASCII : NON_ASCII;
  let text = "";
  let length = 0;
  for (let at = 0; ; at++) {
    const next = source[at % source.length]!;
    const size = Buffer.byteLength(next);
    if (length + size > bytes) break;
    text += next;
    length += size;
  }
  // Flat, as text from a parser is, not a rope of single characters.
  return Buffer.from(text + ".".repeat(bytes - length)).toString();
}
