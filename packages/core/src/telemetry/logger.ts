/** Any pino-like logger: four methods that take fields and a message. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** pino's and others' way to say that a level is on; without it every level is taken as on. */
  isLevelEnabled?(level: string): boolean
}

/** At which level an event is logged. */
export type Level = 'debug' | 'info' | 'warn' | 'error'
