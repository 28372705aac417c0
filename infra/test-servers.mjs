// Installs the servers that tests run against, where that is possible without asking: with apt as root, with Go where it
// is present. What stays missing is skipped by its tests, except where CI=true.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The version the tests were written against; any from 2.10.23 on will do. */
const NATS_MODULE = "github.com/nats-io/nats-server/v2@v2.15.2";

/** @param say told what happens, in one line each. */
export function installTestServers(say) {
  installSystemNats(say);
  installCurrentNats(say);
}

/** The old server of the system (Debian 12 has 2.9.10), which the log must work with on one replica. */
function installSystemNats(say) {
  if (existsSync("/usr/sbin/nats-server")) return;
  if (process.getuid?.() !== 0 || !succeeds("apt-get", ["--version"])) {
    say("no nats-server of the system: install the package nats-server to test against it");
    return;
  }
  say("installing nats-server with apt-get");
  const install = () => succeeds("apt-get", ["install", "-y", "--no-install-recommends", "nats-server"]);
  // A new machine has no package lists yet.
  if (install() || (succeeds("apt-get", ["update", "-qq"]) && install())) {
    // The package starts a service where there is something to start it; the tests have their own.
    spawnSync("systemctl", ["disable", "--now", "nats-server"], { stdio: "ignore" });
  } else say("nats-server could not be installed with apt-get");
}

function installCurrentNats(say) {
  const binary = process.env.NATS_SERVER_BIN ?? join(goPath(), "bin", "nats-server");
  if (existsSync(binary)) return;
  if (!succeeds("go", ["version"])) {
    say("no current NATS server: set NATS_SERVER_BIN to one, or install Go");
    return;
  }
  say(`installing ${NATS_MODULE} with Go`);
  if (!succeeds("go", ["install", NATS_MODULE])) say("the NATS server could not be installed with Go");
}

function goPath() {
  const { stdout } = spawnSync("go", ["env", "GOPATH"], { encoding: "utf8" });
  return stdout?.trim() || join(homedir(), "go");
}

function succeeds(program, args) {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}
