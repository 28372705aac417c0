// Generated from gossip.xml, digest eea6ff1373ae6d2f. Do not edit; run codegen.

export const gossipProtocol = { name: "gossip", version: 1, digest: "eea6ff1373ae6d2f" } as const;
