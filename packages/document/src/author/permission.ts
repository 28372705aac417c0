import { refusePromise } from "./refuse-promise.ts";
import { describeType } from "./scalar-check.ts";
import { StateError } from "./state-error.ts";

/**
 * The answer of a policy or access rule. Document code may not have been type-checked: only `true` permits. What is like
 * "no" means no; anything else is a mistake that would hide for ever without a word, so it throws `StateError`.
 */
export function isPermission(answer: unknown, what: string): boolean {
  if (typeof answer === "boolean") return answer;
  refusePromise(answer, what);
  if (answer) throw new StateError(`${what} give true or false: this one gave ${describeType(answer)}`);
  return false;
}
