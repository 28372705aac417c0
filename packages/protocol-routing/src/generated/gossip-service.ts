// Generated from gossip.xml, digest acd4741dd1efd923. Do not edit; run codegen.

export const gossipProtocol = { name: "gossip", version: 1, digest: "acd4741dd1efd923" } as const;
