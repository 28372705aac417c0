/**
 * Values of messages as JSON, for golden files: bytes, 64-bit integers and maps become objects with one `$` key;
 * absent is absent.
 */
export function toGoldenJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("hex") };
  if (typeof value === "bigint") return { $integer: value.toString() };
  if (value instanceof Map) {
    return { $map: [...value].map(([key, item]: [string, unknown]) => [key, toGoldenJson(item)]) };
  }
  if (Array.isArray(value)) return value.map(toGoldenJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, toGoldenJson(member)]),
  );
}

export function fromGoldenJson(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(fromGoldenJson);
  if (typeof json !== "object" || json === null) return json;
  const { $bytes, $integer, $map } = json as { $bytes?: string; $integer?: string; $map?: [string, unknown][] };
  if ($bytes !== undefined) return new Uint8Array(Buffer.from($bytes, "hex"));
  if ($integer !== undefined) return BigInt($integer);
  if ($map !== undefined) return new Map($map.map(([key, item]) => [key, fromGoldenJson(item)]));
  return Object.fromEntries(Object.entries(json).map(([name, member]) => [name, fromGoldenJson(member)]));
}
