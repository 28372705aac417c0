import type { Principal } from "@tidewire/foundation";
import { principalKey } from "../state/principals.ts";
import type { ViewerInputs } from "./document-views.ts";

/** What a client said about itself: as it came, and validated. */
export interface ViewStateValue {
  readonly text: string;
  readonly value: unknown;
}

/** What all viewers of a class have in common. A text for each would be as large as all else that tells them apart. */
export type ClassKey = string | Principal;

type Intern = (principal: Principal) => Principal;

/**
 * Which viewers are alike. At first all are: nobody has looked at who they are. When a policy or view does, the document's
 * viewers are told apart by that from then on.
 */
export class ClassKeys {
  #byPrincipal = false;
  #byViewState = false;
  /** Something was looked at that classes are not told apart by yet: what was computed is not to be used. */
  mustSplit = false;
  #looksAtPrincipal = false;
  #looksAtViewState = false;

  /** Without a schema for it there is no view state to tell viewers apart by. */
  readonly #hasViewState: boolean;

  readonly #hasLookers: boolean;

  /** `hasLookers`: whether there is any policy or view that could look at a viewer. */
  constructor({ hasViewState, hasLookers }: { readonly hasViewState: boolean; readonly hasLookers: boolean }) {
    this.#hasViewState = hasViewState;
    this.#hasLookers = hasLookers;
  }

  /** Whether classes cannot split any more. */
  get isFinal(): boolean {
    return !this.#hasLookers || (this.#byPrincipal && (this.#byViewState || !this.#hasViewState));
  }

  split(): void {
    this.#byPrincipal = this.#looksAtPrincipal;
    this.#byViewState = this.#looksAtViewState;
    this.mustSplit = false;
  }

  /** Without view states the principal itself, as the document has it: one object stands for all that are equal. */
  keyOf(principal: Principal, viewState: ViewStateValue | undefined, intern: Intern): ClassKey {
    if (!this.#byViewState) return this.#byPrincipal ? intern(principal) : "";
    const who = this.#byPrincipal ? principalKey(principal) : "";
    return `${who.length}:${who}${viewState?.text ?? ""}`;
  }

  inputsOf(principal: Principal, viewState: ViewStateValue | undefined): ViewerInputs {
    if (this.isFinal) return Object.freeze({ principal, viewState: viewState?.value });
    const lookAtPrincipal = (): void => this.#look("principal");
    const lookAtViewState = (): void => this.#look("viewState");
    return Object.freeze({
      get principal() {
        lookAtPrincipal();
        return principal;
      },
      get viewState() {
        lookAtViewState();
        return viewState?.value;
      },
    });
  }

  #look(at: "principal" | "viewState"): void {
    if (at === "principal") this.#looksAtPrincipal = true;
    else this.#looksAtViewState = this.#hasViewState;
    if (this.#looksAtPrincipal !== this.#byPrincipal || this.#looksAtViewState !== this.#byViewState) {
      this.mustSplit = true;
    }
  }
}
