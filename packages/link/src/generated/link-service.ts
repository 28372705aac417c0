// Generated from link.xml, digest fdb91375404741f7. Do not edit; run codegen.

export const linkProtocol = { name: "link", version: 1, digest: "fdb91375404741f7" } as const;
