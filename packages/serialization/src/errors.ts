/** Marks an error as Granary's own in every copy of every package; `GranaryError.isInstance` of the core looks for it. */
const BRAND = Symbol.for('granary.error')

/** What can be wrong with bytes that were read: each means "treat it as a miss", never a crash. */
export type FrameErrorCode =
  | 'FRAME_TRUNCATED'
  | 'FRAME_MAGIC'
  | 'FRAME_VERSION'
  | 'FRAME_LIMIT'
  | 'FRAME_CORRUPT'
  | 'FRAME_CLASS'
  | 'FRAME_KEY'
  | 'FRAME_SEAL'

/** The base of this package's errors: a stable literal `code`, and a message that says what to do. */
abstract class SerializationError extends Error {
  abstract readonly code: string

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** An argument that has no canonical text, so no key can be made of it. The message names the argument and the place in it. */
export class UnkeyableArgument extends SerializationError {
  readonly code = 'UNKEYABLE_ARGUMENT'
  /** Where it stands, e.g. `[1].filter.onDone`: the argument's index first, then the way into it. */
  readonly path: string

  constructor(path: string, reason: string, cause?: unknown) {
    const match = /^\[(\d+)\](.*)$/s.exec(path)
    const place = match === null ? path : `Argument ${match[1]} (counted from 0)${match[2] ? `, at ${match[2]}` : ''}`
    super(
      `${place}: ${reason} cannot be part of a key. Name the parts that matter with the option key, or leave the argument out with ignore.`,
      cause,
    )
    this.path = path
  }
}

/** A value that would not come back equal from bytes, so it must not be stored. `path` says where, `reason` what stands there. */
export class UncacheableValue extends SerializationError {
  readonly code = 'UNCACHEABLE_VALUE'
  /** Where it stands, e.g. `.user.onChange`; empty for the value itself. */
  readonly path: string
  /** What stands there, as a noun phrase. */
  readonly reason: string

  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `The value${path === '' ? '' : ` at ${path}`} is ${reason} and would not come back equal: register its class with the option classes, or return plain data.`,
      cause,
    )
    this.path = path
    this.reason = reason
  }
}

/** Bytes that cannot be read as a frame or payload: truncated, damaged, sealed with another key, or written by a newer version. */
export class FrameError extends SerializationError {
  readonly code: FrameErrorCode
  /** Whether a newer version of the library wrote it: then it is a miss and must be left alone, not deleted. */
  readonly newer: boolean

  constructor(code: FrameErrorCode, message: string, details: { newer?: boolean; cause?: unknown } = {}) {
    super(message, details.cause)
    this.code = code
    this.newer = details.newer ?? false
  }
}

/** A pepper that would not protect secrets: missing, or shorter than 16 bytes. */
export class InvalidPepper extends SerializationError {
  readonly code = 'INVALID_PEPPER'
}

/** An encryption key that AES-256 cannot use, or a key id that cannot be stored. */
export class InvalidSealingKey extends SerializationError {
  readonly code = 'INVALID_SEALING_KEY'
}

/** A class registration that is incomplete or clashes with another. */
export class InvalidClassRegistration extends SerializationError {
  readonly code = 'INVALID_CLASS_REGISTRATION'
}
