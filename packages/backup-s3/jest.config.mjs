export { default } from "@tidewire/tooling/jest";
