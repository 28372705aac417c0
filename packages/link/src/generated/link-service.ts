// Generated from link.xml, digest d32dc3054e7e17af. Do not edit; run codegen.

export const linkProtocol = { name: "link", version: 1, digest: "d32dc3054e7e17af" } as const;
