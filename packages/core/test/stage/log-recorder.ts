import type { Level, Logger } from '../../src/index.ts'

/** One line of a log. */
export interface LogLine {
  readonly level: Level
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A logger of pino's shape that keeps what it is told, from one level upwards. */
export class LogRecorder implements Logger {
  readonly lines: LogLine[] = []
  readonly #from: number

  constructor(from: Level = 'debug') {
    this.#from = LEVELS.indexOf(from)
  }

  isLevelEnabled(level: string): boolean {
    return LEVELS.indexOf(level as Level) >= this.#from
  }

  debug(fields: object, message: string): void {
    this.#keep('debug', fields, message)
  }

  info(fields: object, message: string): void {
    this.#keep('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#keep('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#keep('error', fields, message)
  }

  /** The messages of one level, in order. */
  messages(level: Level): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message)
  }

  #keep(level: Level, fields: object, message: string): void {
    if (this.isLevelEnabled(level)) this.lines.push({ level, fields: { ...fields }, message })
  }
}

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

/** A logger for tests that do not look at the log. */
export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }
