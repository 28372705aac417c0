/** Everything in the bundle that document hosts load for the demo. */
export { reef } from "./reef/document.ts";
