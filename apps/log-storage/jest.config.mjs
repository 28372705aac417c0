import preset from "@tidewire/tooling/jest";

/** Nothing here waits for a time to pass; a busy machine may still take its time. */
export default { ...preset, testTimeout: 60_000 };
