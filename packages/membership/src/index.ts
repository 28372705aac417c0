export type { Health, Lifecycle, Member, MemberMeta, MembershipView } from "./member.ts";
