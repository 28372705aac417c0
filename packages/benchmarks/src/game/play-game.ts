import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "@tidewire/foundation";
import { RawClient, type System } from "@tidewire/harness";
import { GAME } from "./board-game.ts";

export interface PlayedGame {
  readonly actions: number;
  /** Payload bytes of every delta frame that changes something, one entry per update and viewer. */
  readonly updateBytes: readonly number[];
  /** Payload of the deltas that bring nothing but the hash an interval is owed. */
  readonly hashBytes: readonly number[];
  /** Payload of the first snapshot of each player. */
  readonly joinBytes: readonly number[];
  /** What polling the view after every action would have moved. */
  readonly pollBytes: number;
  /** What the log's segments grew by, record headers included; snapshots are not part of it. */
  readonly loggedBytes: number;
  /** What writing the whole document after every action would have moved. */
  readonly wholeDocumentBytes: number;
  readonly hostCpuSeconds: number;
}

/** Plays one seeded game through the real processes: four clients, every one of which sees every action. */
export async function playGame(system: System, seed: number, actions: number): Promise<PlayedGame> {
  const random = new SeededRandom(seed);
  const agents = Array.from({ length: GAME.players }, (_, seat) => `player${seat}`);
  const space = "bench-game";
  const key = `game-${seed}-${Date.now()}`;
  const clients = await Promise.all(agents.map((agent) => RawClient.as(system.socketUrl, agent)));
  try {
    await clients[0]!.call("document/create", { space, key, arg: { players: agents } });
    const streams = await Promise.all(clients.map((client) => client.connect(space, key)));
    const joinBytes = clients.map((client, seat) => sizeOf(frames(client, streams[seat]!, "snapshot")[0]!));
    const logBefore = logSize(system);
    const cpuBefore = await hostCpu(system);
    let pollBytes = 0;
    for (let action = 0; action < actions; action++) {
      const seat = action % GAME.players;
      const arg = { site: random.below(GAME.sites), card: random.below(GAME.handSize) };
      const sent = await clients[seat]!.call("connection/send", { connection: streams[seat], message: "act", arg });
      const seq = Number(sent["seq"]);
      await Promise.all(
        clients.map((client, at) => client.until(() => (client.replica(streams[at]!).seq >= seq ? true : undefined))),
      );
      for (const [at, client] of clients.entries())
        pollBytes += Buffer.byteLength(JSON.stringify(client.view(streams[at]!)));
    }
    const deltas = clients.flatMap((client, seat) => frames(client, streams[seat]!, "delta"));
    const updateBytes = deltas.filter((text) => !bringsOnlyHash(text)).map(sizeOf);
    const hashBytes = deltas.filter(bringsOnlyHash).map(sizeOf);
    if (updateBytes.length !== actions * GAME.players) {
      throw new Error(`${updateBytes.length} updates came for ${actions} actions of ${GAME.players} players`);
    }
    for (const client of clients) {
      if (client.mismatches.length > 0) throw new Error("a view had another hash than the host said");
    }
    const loggedBytes = logSize(system) - logBefore;
    if (loggedBytes <= 0)
      throw new Error("the log did not grow: its segments were not found, or compaction ran meanwhile");
    return {
      actions,
      updateBytes,
      hashBytes,
      joinBytes,
      pollBytes,
      loggedBytes,
      wholeDocumentBytes: actions * wholeDocument(clients, streams),
      hostCpuSeconds: (await hostCpu(system)) - cpuBefore,
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Bytes of a frame on the socket beyond its payload: RFC 6455 section 5.2, server to client. */
export function headerBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;
}

function frames(client: RawClient, stream: number, kind: "snapshot" | "delta"): string[] {
  const prefix = `{"id":${stream},"${kind}":`;
  return client.raw.filter((text) => text.startsWith(prefix));
}

function bringsOnlyHash(frame: string): boolean {
  return /"delta":\{"@s":\d+,"@h":"[^"]*"\}\}$/.test(frame);
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}

/** The parts all see once, each hand once, and the deck, whose cards are like those in the hands. */
function wholeDocument(clients: readonly RawClient[], streams: readonly number[]): number {
  const views = clients.map((client, seat) => client.view<{ hand: readonly object[] }>(streams[seat]!));
  const { hand: _, ...shared } = views[0]!;
  const hands = views.flatMap((view) => view.hand);
  const cardBytes = Buffer.byteLength(JSON.stringify(hands)) / hands.length;
  return Math.round(Buffer.byteLength(JSON.stringify(shared)) + cardBytes * GAME.deckSize);
}

function logSize(system: System): number {
  // The segments; snapshots and checkpoints lie beside this folder.
  const folder = join(system.dataFolder, "log", "log");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function hostCpu(system: System): Promise<number> {
  const seconds = await Promise.all(system.hostNames.map((name) => system.metric(name, "process_cpu_seconds_total")));
  return seconds.reduce((sum, value) => sum + value, 0);
}
