/**
 * The schemas lie in the package of the definitions, in a checkout as under node_modules. This file and the bundle are
 * equally deep in their package, so that one relative address serves both.
 */
export const schemaFolder = new URL("../../protocol-definition/schema/", import.meta.url);
