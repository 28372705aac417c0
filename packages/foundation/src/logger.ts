/** The part of pino that our packages use: fields first, then a fixed sentence. Never tokens, keys or document contents. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => {};

/** For tests and tools. */
export const noLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
