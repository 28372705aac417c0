import { expect, test } from "@jest/globals";
import { withoutSecrets } from "../src/without-secrets.ts";

test("every secret of the settings is hidden, and nothing else", () => {
  const secrets = {
    link: { sharedKey: "s" },
    tls: { passphrase: "s" },
    auth: { ticketSecret: "s", jwt: { secret: "s" } },
    nats: { password: "s", token: "s" },
    gossip: { key: "s" },
    s3: { secretAccessKey: "s", sessionToken: "s" },
    lists: { key: ["s", "s"] },
  };
  const shown = JSON.stringify(withoutSecrets(secrets));
  expect(shown).not.toContain('"s"');
  expect(shown.match(/\(set\)/g)).toHaveLength(11);
  const open = {
    link: { sharedKeyFile: "/f", heartbeat: 5 },
    auth: { jwt: { secretFile: "/f" } },
    edge: { engine: "ws" },
  };
  expect(withoutSecrets(open)).toEqual(open);
});
