import preset from "@tidewire/tooling/jest";

/** Real servers on a busy machine take their time; nothing here waits for a time to pass. */
export default { ...preset, testTimeout: 60_000 };
