export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A JSON object whose members nobody has looked at yet. */
export type JsonFields = Readonly<Record<string, unknown>>;
