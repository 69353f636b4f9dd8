import type { Logger } from '@granary/core'

/** A logger that keeps how often each warning and error was written, by message and reason. */
export class WarningLog implements Logger {
  readonly lines = new Map<string, number>()

  isLevelEnabled(level: string): boolean {
    return level === 'warn' || level === 'error'
  }

  debug(): void {}

  info(): void {}

  warn(fields: object, message: string): void {
    this.#keep(fields, message)
  }

  error(fields: object, message: string): void {
    this.#keep(fields, message)
  }

  /** The lines as an object, for a report. */
  counted(): Record<string, number> {
    return Object.fromEntries(this.lines)
  }

  #keep(fields: object, message: string): void {
    const { reason } = fields as { reason?: string }
    const line = reason === undefined ? message : `${message} (${reason})`
    this.lines.set(line, (this.lines.get(line) ?? 0) + 1)
  }
}
