import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface CertifiedFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority of a test, made by `openssl`, in a folder of its own. */
export class TestAuthority {
  readonly caFile: string;
  readonly #folder: string;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "tidewire-ca-"));
    this.caFile = join(this.#folder, "ca.pem");
    this.#openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test", "-days", "2");
  }

  /** For one name. */
  certify(name: string): CertifiedFiles {
    writeFileSync(join(this.#folder, `${name}.ext`), `subjectAltName=DNS:${name}\n`);
    this.#openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${name}.ext`, "-days", "2"];
    this.#openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by);
    return { certFile: join(this.#folder, `${name}.pem`), keyFile: join(this.#folder, `${name}.key`) };
  }

  /** A file of this text beside the certificates. */
  file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { cwd: this.#folder, stdio: ["ignore", "ignore", "pipe"] });
  }
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
