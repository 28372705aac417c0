import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** `server` and `client` are signed by the CA of the tests and carry the name `localhost`; `stranger` signed itself. */
export type TestCertificate = "server" | "client" | "stranger";

export interface TestCertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** The CA of the tests. */
  readonly caFile: string;
}

export function testCertificateFiles(name: TestCertificate): TestCertificateFiles {
  const file = (base: string): string => fileURLToPath(new URL(`certificates/${base}.pem`, import.meta.url));
  return { certFile: file(name), keyFile: file(`${name}-key`), caFile: file("ca") };
}

/** The same in PEM, with the name that the other side must show. */
export function testCertificate(name: TestCertificate) {
  const { certFile, keyFile, caFile } = testCertificateFiles(name);
  const pem = (file: string): string => readFileSync(file, "utf8");
  return { cert: pem(certFile), key: pem(keyFile), ca: pem(caFile), serverName: "localhost" };
}
