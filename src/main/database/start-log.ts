/** What the start of the database needs of a logger. A pino logger fits. */
export type StartLog = {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
};
