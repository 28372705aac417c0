import type { LinkTlsSettings } from "@tidewire/service";
import { type Command, InvalidArgumentError, Option } from "commander";

/** What every command that talks to log storage takes. */
export function withLinkOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--link <kind>", "how log storage talks").choices(["binary", "grpc"]).env("LINK").default("binary"),
    )
    .option("--shared-key-file <file>", "file with the secret of the cluster; also TIDEWIRE_LINK_SHARED_KEY")
    .addOption(tlsOption("certFile", "PEM certificate to show, where links use TLS").env("TIDEWIRE_LINK_TLS_CERT_FILE"))
    .addOption(tlsOption("keyFile", "PEM private key of that certificate").env("TIDEWIRE_LINK_TLS_KEY_FILE"))
    .addOption(tlsOption("caFile", "PEM certificate of the cluster's CA").env("TIDEWIRE_LINK_TLS_CA_FILE"))
    .addOption(
      tlsOption("serverName", "DNS name that the certificates of the cluster carry")
        .env("TIDEWIRE_LINK_TLS_SERVER_NAME")
        .default("tidewire"),
    );
}

/** Named like the settings of the services. */
function tlsOption(name: keyof LinkTlsSettings, description: string): Option {
  return new Option(`--link.tls.${name} <value>`, description);
}

/** A list, separated by commas. */
export function addresses(text: string): string[] {
  const list = text.split(",").map((each) => each.trim());
  if (list.some((each) => each === "")) throw new InvalidArgumentError("must be a list, separated by commas");
  return list;
}

/** `space/key` */
export function documentOption(text: string): { readonly space: string; readonly key: string } {
  const [space, key, ...more] = text.split("/");
  if (space === undefined || key === undefined || space === "" || key === "" || more.length > 0) {
    throw new InvalidArgumentError("must be space/key, for example board-game/g1");
  }
  return { space, key };
}
