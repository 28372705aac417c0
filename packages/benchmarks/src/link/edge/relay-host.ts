import { HostService, type SendRequest, type SendResponse, type ViewerFrame } from "@tidewire/protocol-host";
import type { RoutingTable } from "@tidewire/protocol-routing";
import { ANSWER_TEXT_LENGTH, DELTA_TEXT_LENGTH } from "./relay-document.ts";

export interface RelayViewer {
  readonly agent: string;
  deliver(frame: ViewerFrame): void;
}

const ANSWER = JSON.stringify({ text: "a".repeat(ANSWER_TEXT_LENGTH) });
const DELTA_TEXT = "d".repeat(DELTA_TEXT_LENGTH);

/** Answers as a host with the relay document would, at once and without a document. */
export class RelayHost {
  readonly #viewers = new Map<string, RelayViewer[]>();
  #seq = 1;

  connect(key: string, viewer: RelayViewer): void {
    this.#viewers.set(key, [...(this.#viewers.get(key) ?? []), viewer]);
    const data = Buffer.from(`{"@s":${this.#seq},"inboxes":{"@o":[]}}`);
    viewer.deliver({ kind: "snapshot", seq: this.#seq, hash: undefined, data });
  }

  create(): { readonly seq: number } {
    return { seq: this.#seq };
  }

  /** The delta goes out before the answer. */
  send({ key, principal, arg }: SendRequest): SendResponse {
    const operation = Number.parseInt(arg!.slice(arg!.indexOf(":") + 1), 10);
    const seq = ++this.#seq;
    const data = Buffer.from(`{"@s":${seq},"inboxes":{"2":{"operation":${operation},"text":"${DELTA_TEXT}"}}}`);
    for (const viewer of this.#viewers.get(key)!) {
      if (viewer.agent !== principal.agent) viewer.deliver({ kind: "delta", seq, hash: undefined, data });
    }
    return { seq, value: ANSWER };
  }
}

/** A viewer and what waits for its credit. */
export class WaitingFrames {
  readonly #send: (frame: ViewerFrame) => void;
  readonly #waiting: ViewerFrame[] = [];

  constructor(send: (frame: ViewerFrame) => void) {
    this.#send = send;
  }

  /** @param credit frames that may be sent now */
  pump(credit: () => number): void {
    while (this.#waiting.length > 0 && credit() > 0) this.#send(this.#waiting.shift()!);
  }

  add(frame: ViewerFrame): void {
    this.#waiting.push(frame);
  }
}

export const FIRST_CREDIT = HostService.methods.connect.credit;

/** The only table there is: one host, at that address. */
export function tableOf(address: string): RoutingTable {
  return {
    epoch: 1,
    version: 1,
    digest: "0000000000000001",
    isFrozen: false,
    hosts: [{ id: "document-host-1", address, zone: "", weight: 1, state: "active", boot: 1 }],
  };
}
