import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser on this machine; `undefined` where there is none, which is an error in CI. */
export function chromiumPath(): string | undefined {
  const path = [process.env["CHROMIUM_PATH"], ...CANDIDATES].find((candidate) => candidate && existsSync(candidate));
  if (path === undefined && process.env["CI"] !== undefined) {
    throw new Error("CI needs Chromium: install it, or set CHROMIUM_PATH");
  }
  return path;
}

export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    // A container has no user namespaces for the sandbox; the rest keeps the browser from talking to anyone but us.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
