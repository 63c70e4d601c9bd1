type Log = (fields: object, message: string) => void;

/** Where the agent says what it does; pino's loggers are such. An error goes by the name `error`. It never waits, and never throws. */
export interface Logger {
  readonly debug: Log;
  readonly info: Log;
  readonly warn: Log;
  readonly error: Log;
}
