import type { ClientTransport } from "../session/client-transport.ts";

const decoder = new TextDecoder();

/** The down frames of a poll session that wait to be fetched. */
export class PollTransport implements ClientTransport {
  readonly #onChange: () => void;
  #frames: string[] = [];
  #bufferedBytes = 0;
  #closeReason: { readonly code: number; readonly reason: string } | undefined;

  /** @param onChange is called whenever there is more to fetch, or nothing will come any more. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get closeReason(): { readonly code: number; readonly reason: string } | undefined {
    return this.#closeReason;
  }

  send(text: string): void {
    this.#frames.push(text);
    this.#bufferedBytes += text.length;
    this.#onChange();
  }

  sendData(head: string, data: Uint8Array): void {
    this.send(`${head}${decoder.decode(data)}}`);
  }

  close(code: number, reason: string): void {
    this.#closeReason = { code, reason };
    this.#onChange();
  }

  /** Everything that waits, as the text of a JSON array. */
  take(): string {
    const json = `[${this.#frames.join(",")}]`;
    this.#frames = [];
    this.#bufferedBytes = 0;
    return json;
  }
}
