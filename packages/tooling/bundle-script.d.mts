/** Bundles a TypeScript source of the workspace into one ESM file, for a process of its own: Node 20 runs no TypeScript. */
export function bundleScript(source: URL, outfile: string): void;
