import { GranaryError } from '@granary/core'

/** Every code of an error that only decorators raise. Bad options are core's `INVALID_OPTION`, rival names its `NAME_TAKEN`. */
export type DecoratorErrorCode = 'NOT_DECORATABLE' | 'NO_CACHE' | 'NOT_A_PROMISE' | 'NOT_CACHED' | 'INVALIDATION_FAILED'

/** Two methods registered one name, so they would read each other's entries. Thrown by every call of the second. */
export class MethodNameTaken extends GranaryError {
  constructor(name: string, holder: string, rival: string) {
    super(
      'NAME_TAKEN',
      `The name '${name}' belongs to ${holder}, and ${rival} asks for it too. They would read each other's entries: give one of them another name.`,
    )
  }
}

/** A decorator stands on something that it cannot wrap: a getter, a field, a generator, a class. */
export class NotDecoratable extends GranaryError {
  constructor(where: string, why: string) {
    super('NOT_DECORATABLE', `${where}: ${why}.`)
  }
}

/** No cache was found for a call: neither option, nor instance, nor class, nor configuration names one. */
export class NoCache extends GranaryError {
  constructor(where: string) {
    super(
      'NO_CACHE',
      `${where} has no cache: call configureGranary({ cache }), or give the cache option, a 'cache' property of the instance, or @CacheScope({ cache }) on the class.`,
    )
  }
}

/** A decorated method returned something that is no promise. */
export class NotAPromise extends GranaryError {
  constructor(where: string, returned: unknown) {
    super(
      'NOT_A_PROMISE',
      `${where} must return a promise and returned ${returned === null ? 'null' : `a value of type ${typeof returned}`}: declare the method async.`,
    )
  }
}

/** `entryOf` or `nameOf` names something that `@Cached` does not stand on. */
export class NotCached extends GranaryError {
  constructor(target: string, why: string) {
    super('NOT_CACHED', `${target} names no cached entries: ${why}.`)
  }
}

/**
 * Invalidators of a method failed; the others ran all the same. Unless `before` was set, the method itself has resolved:
 * its result is in `result`, and repeating the call would repeat its effect.
 */
export class InvalidationFailed extends GranaryError {
  /** What each failed invalidator threw, in the order of the options. */
  readonly errors: readonly unknown[]
  /** What the method resolved to; undefined when it did not run. */
  declare readonly result: unknown

  constructor(where: string, errors: readonly unknown[], result: unknown) {
    const first = errors[0] instanceof Error ? errors[0].message : String(errors[0])
    const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
    super('INVALIDATION_FAILED', `${where} could not invalidate: ${first}${others}`, { cause: errors[0] })
    this.errors = Object.freeze([...errors])
    // Not enumerable: a logger that prints an error's fields must not print what the method returned, an issued key, say.
    Object.defineProperty(this, 'result', { value: result })
  }
}
