import preset from "@tidewire/tooling/jest";

// Processes that wait for each other more than they compute.
export default { ...preset, maxWorkers: 2 };
