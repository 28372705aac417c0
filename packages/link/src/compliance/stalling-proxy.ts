import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Passes bytes on between a dialler and a listener, until told to stop or to cut the wire. */
export class StallingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isStalled = false;

  private constructor(targetPort: number) {
    this.#server = createServer({ noDelay: true }, (dialler) => {
      const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
      this.#join(dialler, target);
      this.#join(target, dialler);
    });
  }

  static async to(address: string): Promise<StallingProxy> {
    const proxy = new StallingProxy(Number(address.slice(address.lastIndexOf(":") + 1)));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#isStalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  sever(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.sever();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (bytes) => {
      if (to.write(bytes)) return;
      from.pause();
      to.once("drain", () => {
        if (!this.#isStalled) from.resume();
      });
    });
    if (this.#isStalled) from.pause();
    from.on("error", () => to.destroy());
    from.on("end", () => to.end());
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
