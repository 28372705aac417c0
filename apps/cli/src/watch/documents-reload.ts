import type { SupervisedProcess } from "../up/supervised-process.ts";

/** What a document host answers; as `apps/document-host/src/reload-requests.ts` writes it. */
interface ReloadAnswer {
  readonly kind: "documents-reloaded";
  readonly id: number;
  readonly refusal?: string;
  readonly spaces: readonly string[];
  readonly documents: number;
  readonly behind: readonly { readonly document: string; readonly reason: string }[];
}

/** What became of a change, over all hosts. */
export interface ReloadReport {
  /** Why the old code goes on; `undefined` when the new one runs. */
  readonly refusal: string | undefined;
  readonly spaces: readonly string[];
  /** In memory when the new code came. */
  readonly documents: number;
  /** They go on under the old code. */
  readonly behind: readonly { readonly document: string; readonly reason: string }[];
}

/** A host that waits for its log answers late; one that is being started again reads the new files anyway. */
const ANSWER_MS = 30_000;

/** Asks document hosts to read their files again: one round at a time, and at most one more waits. */
export class DocumentsReload {
  readonly #hosts: () => readonly SupervisedProcess[];
  readonly #report: (report: ReloadReport) => void;
  #isRunning = false;
  #isWanted = false;
  #id = 0;

  constructor(hosts: () => readonly SupervisedProcess[], report: (report: ReloadReport) => void) {
    this.#hosts = hosts;
    this.#report = report;
  }

  request(): void {
    this.#isWanted = true;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isWanted) {
      this.#isWanted = false;
      const answers = await Promise.all(this.#hosts().map((host) => this.#ask(host)));
      const heard = answers.filter((answer) => answer !== undefined);
      const report = summary(heard);
      if (report.spaces.length > 0 || report.refusal !== undefined) this.#report(report);
    }
    this.#isRunning = false;
  }

  #ask(host: SupervisedProcess): Promise<ReloadAnswer | undefined> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      const done = (answer: ReloadAnswer | undefined): void => {
        clearTimeout(timer);
        stopListening();
        resolve(answer);
      };
      const timer = setTimeout(() => done(undefined), ANSWER_MS);
      const stopListening = host.onMessage((message) => {
        const answer = message as Partial<ReloadAnswer> | null;
        if (answer?.kind === "documents-reloaded" && answer.id === id) done(answer as ReloadAnswer);
      });
      if (!host.send({ kind: "reload-documents", id })) done(undefined);
    });
  }
}

function summary(answers: readonly ReloadAnswer[]): ReloadReport {
  return {
    refusal: answers.find(({ refusal }) => refusal !== undefined)?.refusal,
    spaces: [...new Set(answers.flatMap(({ spaces }) => spaces))],
    documents: answers.reduce((sum, { documents }) => sum + documents, 0),
    behind: answers.flatMap(({ behind }) => behind),
  };
}
