import { describe, expect, it } from "@jest/globals";
import type { HostEntry, RoutingTable } from "@tidewire/protocol-routing";
import { ownerOf, type RoutingSource } from "@tidewire/routing";
import { TableDirectory } from "../src/routing/table-directory.ts";

class Source implements RoutingSource {
  table: RoutingTable | undefined;
  readonly #listeners = new Set<(table: RoutingTable) => void>();

  onTable(listener: (table: RoutingTable) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  set(version: number, hosts: readonly HostEntry[]): void {
    this.table = { epoch: 1, version, digest: `digest-${version}`, isFrozen: false, hosts };
    for (const listener of this.#listeners) listener(this.table);
  }
}

const host = (id: string, state: HostEntry["state"] = "active", boot = 1): HostEntry => ({
  id,
  address: `${id}:1`,
  zone: "",
  weight: 1,
  state,
  boot,
});

describe("the directory of a routing table", () => {
  it("knows nobody before the first table", () => {
    const directory = new TableDirectory(new Source());
    expect([directory.version, directory.ownerOf({ space: "abc", key: "k" })]).toEqual([0, undefined]);
    expect(directory.standingOf(host("a"))).toBe("gone");
  });

  it("names the owner everyone else computes", () => {
    const source = new Source();
    const directory = new TableDirectory(source);
    source.set(7, [host("a"), host("b"), host("c", "joining"), host("d", "draining")]);
    expect(directory.version).toBe(7);
    for (let index = 0; index < 50; index++) {
      const name = { space: "conformance", key: `k${index}` };
      expect(directory.ownerOf(name)).toEqual(ownerOf(source.table!, name));
      expect(["a", "b"]).toContain(directory.ownerOf(name)?.id);
    }
  });

  it("tells a restarted host from the one before", () => {
    const source = new Source();
    const directory = new TableDirectory(source);
    source.set(1, [host("a", "draining", 5), host("b")]);
    expect(directory.standingOf(host("a", "active", 5))).toBe("draining");
    expect(directory.standingOf(host("a", "active", 4))).toBe("gone");
    expect(directory.standingOf(host("b"))).toBe("present");
  });

  it("says when there is a new table, until nobody listens", () => {
    const source = new Source();
    const directory = new TableDirectory(source);
    const versions: number[] = [];
    const stop = directory.onChange(() => versions.push(directory.version));
    source.set(1, []);
    source.set(2, [host("a")]);
    stop();
    source.set(3, []);
    expect(versions).toEqual([1, 2]);
  });
});
