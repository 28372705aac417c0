import { nkeys } from "@nats-io/nats-core";

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface TestAccount {
  /** For the configuration of a server. */
  readonly lines: readonly string[];
  /** Text of the credentials file of a user of this account. */
  readonly credentials: string;
}

const NO_LIMITS = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** An operator, an account with JetStream and a user, signed by each other, as `nsc` would make them. */
export function testAccount(): TestAccount {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const system = nkeys.createAccount();
  const operatorToken = signed(operator, operator, { type: "operator" });
  const limits = { ...NO_LIMITS, ...JETSTREAM };
  const accountToken = signed(operator, account, { type: "account", limits });
  const userToken = signed(account, user, { type: "user", subs: -1, data: -1, payload: -1, pub: {}, sub: {} });
  return {
    lines: [
      `operator: ${operatorToken}`,
      "resolver: MEMORY",
      `system_account: ${system.getPublicKey()}`,
      "resolver_preload {",
      `${system.getPublicKey()}: ${signed(operator, system, { type: "account", limits: NO_LIMITS })}`,
      `${account.getPublicKey()}: ${accountToken}`,
      "}",
    ],
    credentials: credentialsText(userToken, Buffer.from(user.getSeed()).toString()),
  };
}

/** A token of NATS: a JWT whose signature is by an nkey. */
function signed(issuer: KeyPair, subject: KeyPair, claims: object): string {
  const head = encoded({ typ: "JWT", alg: "ed25519-nkey" });
  const body = encoded({
    jti: "test",
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    name: "test",
    sub: subject.getPublicKey(),
    nats: { ...claims, version: 2 },
  });
  const signature = issuer.sign(Buffer.from(`${head}.${body}`));
  return `${head}.${body}.${Buffer.from(signature).toString("base64url")}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function credentialsText(token: string, seed: string): string {
  const block = (what: string, text: string): string => `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n`;
  return `${block("NATS USER JWT", token)}\n${block("USER NKEY SEED", seed)}`;
}
