const STORAGE_KEY = "reef.agent";
const NAME_KEY = "reef.name";

/**
 * Who this window is. In session storage, so that every window of one browser is a player of its own and a reload keeps
 * the seat. The demo runs with development tokens; a real application would ask its own sign-in for one.
 */
export function devToken(): string {
  let agent = sessionStorage.getItem(STORAGE_KEY);
  if (agent === null) {
    agent = `player-${randomKey(10)}`;
    sessionStorage.setItem(STORAGE_KEY, agent);
  }
  return `dev:${agent}`;
}

export function rememberedName(): string {
  return sessionStorage.getItem(NAME_KEY) ?? "";
}

export function rememberName(name: string): void {
  sessionStorage.setItem(NAME_KEY, name);
}

/** Unguessable enough for a link that is shared among friends. */
export function randomKey(length: number): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => alphabet[byte % alphabet.length]).join(
    "",
  );
}
