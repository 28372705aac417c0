import { Window } from "happy-dom";
import { act, type ReactNode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import type { ScriptedServer } from "./scripted-server.ts";

const window = new Window();
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });

/** A page with one React root. Time passes only when told to. */
export class Page {
  readonly element = document.createElement("div");
  readonly #server: ScriptedServer;
  #root: Root | undefined;

  constructor(server: ScriptedServer) {
    this.#server = server;
    document.body.append(this.element);
  }

  get text(): string {
    return this.element.textContent ?? "";
  }

  /** Renders, and lets what follows from it happen. */
  async render(node: ReactNode): Promise<void> {
    await act(async () => {
      this.#root ??= createRoot(this.element);
      this.#root.render(node);
    });
    await this.pass(10);
  }

  async hydrate(html: string, node: ReactNode, onRecoverableError: (error: unknown) => void): Promise<void> {
    this.element.innerHTML = html;
    await act(async () => {
      this.#root = hydrateRoot(this.element, node, { onRecoverableError });
    });
    await this.pass(10);
  }

  async pass(ms: number, action: () => void = () => {}): Promise<void> {
    await act(async () => {
      action();
      await this.#server.clock.advanceAsync(ms);
    });
  }

  async unmount(): Promise<void> {
    await act(async () => this.#root?.unmount());
    await this.pass(10);
  }
}
