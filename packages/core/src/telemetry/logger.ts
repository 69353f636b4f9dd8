/** Any pino-like logger: four methods that take fields and a message. */
export interface Logger {
  /** Hits, misses and the steps in between. */
  debug(fields: object, message: string): void
  /** Stores and bulk work. */
  info(fields: object, message: string): void
  /** What degrades: Redis lost or back, refused values, broken frames. */
  warn(fields: object, message: string): void
  /** What a user has to mend: an option function that threw. */
  error(fields: object, message: string): void
  /** pino's and others' way to say that a level is on; without it every level is taken as on. */
  isLevelEnabled?(level: string): boolean
}

/** At which level an event is logged. */
export type Level = 'debug' | 'info' | 'warn' | 'error'
