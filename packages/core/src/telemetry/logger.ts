import { InvalidOption } from '../errors.ts'

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

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

/**
 * Checks that a logger has every method that it may be called by.
 *
 * @throws InvalidOption naming the one that is missing.
 */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return
  const allowed = `a logger has methods ${LEVELS.join(', ')}, as pino's have`
  if ((typeof logger !== 'object' && typeof logger !== 'function') || logger === null)
    throw new InvalidOption('logger', logger, allowed)
  const methods = logger as Partial<Record<Level | 'isLevelEnabled', unknown>>
  for (const level of LEVELS)
    if (typeof methods[level] !== 'function') throw new InvalidOption(`logger.${level}`, methods[level], allowed)
  const { isLevelEnabled } = methods
  if (isLevelEnabled !== undefined && typeof isLevelEnabled !== 'function')
    throw new InvalidOption('logger.isLevelEnabled', isLevelEnabled, 'it is a function of a level, or left out')
}
