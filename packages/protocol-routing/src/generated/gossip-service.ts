// Generated from gossip.xml, digest 6fc04ae65099721c. Do not edit; run codegen.

export const gossipProtocol = { name: "gossip", version: 1, digest: "6fc04ae65099721c" } as const;
