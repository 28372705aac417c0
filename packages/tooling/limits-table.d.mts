/**
 * The defaults that the limits table of a README gives for some options, in milliseconds, bytes or pieces as the name of
 * an option ends; what it does not give in figures of that kind is not there. For the test that they are the defaults.
 */
export function limitsTable(readme: URL, options: readonly string[]): Readonly<Record<string, number>>;
