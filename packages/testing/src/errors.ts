/** Every code that an error of this package can carry. */
export type TestingErrorCode =
  | 'INVALID_TEST_OPTION'
  | 'CLOCK_STUCK'
  | 'SCRIPT_EXHAUSTED'
  | 'NOT_IN_TIME'
  | 'REDIS_START_FAILED'
  | 'REDIS_REPLY'
  | 'REDIS_CONNECTION_LOST'
  | 'CONTRACT_VIOLATED'
  | 'NOT_QUIET'

/** The base of the errors of this package: a stable `code`, and a message that says what to do. */
export class TestingError extends Error {
  /** What went wrong, as a stable literal. */
  readonly code: TestingErrorCode

  constructor(code: TestingErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
  }
}

/** An option or argument that cannot be used. The message names it, its value and what is allowed. */
export class InvalidTestOption extends TestingError {
  constructor(option: string, value: unknown, allowed: string) {
    const shown = typeof value === 'string' ? `'${value}'` : String(value)
    super('INVALID_TEST_OPTION', `${option}: ${shown} is not allowed; ${allowed}.`)
  }
}
