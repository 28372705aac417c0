export { reef } from "./reef/document.ts";
export * from "./reef/rules.ts";
