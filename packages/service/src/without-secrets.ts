/** How settings end that hold a secret themselves; those that name the file of one end in `File`. */
const SECRET_NAMES = /(key|secret|token|password|passphrase)$/i;

/** Settings as they may be shown: "(set)" stands for every secret. */
export function withoutSecrets(value: unknown, name = ""): unknown {
  if (typeof value === "string" && SECRET_NAMES.test(name)) return "(set)";
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withoutSecrets(child, key)]));
}
