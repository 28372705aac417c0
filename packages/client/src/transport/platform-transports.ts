import type { Clock } from "@tidewire/foundation";
import type { ClientOptions } from "../client-options.ts";
import { TidewireError } from "../tidewire-error.ts";
import { PollTransport } from "./poll-transport.ts";
import type { Transport } from "./transport.ts";
import { TransportChoice } from "./transport-choice.ts";
import { type WebSocketConstructor, WebSocketTransport } from "./web-socket-transport.ts";

/** The transports that the options and the platform allow. Throws `unsupported` if that is none. */
export function transportsOf(options: ClientOptions, clock: Clock): TransportChoice {
  const platform = globalThis as { readonly WebSocket?: WebSocketConstructor; readonly fetch?: typeof fetch };
  const wanted = options.transport ?? "auto";
  const socketClass = options.webSocket ?? platform.WebSocket;
  // A browser's fetch insists on being called on its window.
  const fetchFunction = options.fetch ?? platform.fetch?.bind(globalThis);
  const transports: Transport[] = [];
  if (wanted !== "poll" && socketClass !== undefined) transports.push(new WebSocketTransport(socketClass));
  if (wanted !== "websocket" && fetchFunction !== undefined) {
    transports.push(new PollTransport(fetchFunction, (delayMs, callback) => clock.after(delayMs, callback)));
  }
  const [preferred, fallback] = transports;
  if (preferred === undefined) {
    throw new TidewireError("unsupported", "there is neither a WebSocket nor fetch here: pass one in the options");
  }
  return new TransportChoice(preferred, fallback);
}
