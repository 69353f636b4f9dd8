/** What a rate limiter reports, for logs and metrics. */
import { InvalidOption, type Logger } from '@granary/core'
import type { Refused } from './decision.ts'

/** Something that happened. */
export type RateLimiterEvent =
  /** Redis cannot be used: from now on each limit set does what its `onStoreFailure` says. */
  | { readonly type: 'store-lost'; readonly cause: Error }
  /** Redis decides again, after it was told of what `handedOver` subjects used meanwhile. */
  | { readonly type: 'store-returned'; readonly handedOver: number; readonly awayMs: number }
  /** A call was refused. */
  | { readonly type: 'call-refused'; readonly decision: Refused }

/** An event of one type. */
export type RateLimiterEventOf<Type extends RateLimiterEvent['type']> = Extract<RateLimiterEvent, { type: Type }>

const TYPES = ['store-lost', 'store-returned', 'call-refused'] as const satisfies readonly RateLimiterEvent['type'][]

type Listener = (event: RateLimiterEvent) => void

/** Tells listeners and the logger. A listener that throws harms nobody. */
export class RateLimiterEvents {
  readonly #listeners = new Map<RateLimiterEvent['type'], Set<Listener>>()
  readonly #logger: Logger | undefined

  /** @throws InvalidOption for a logger without the methods that it is called by. */
  constructor(logger: Logger | undefined) {
    for (const level of logger === undefined ? [] : (['warn', 'error'] as const))
      if (typeof logger?.[level] !== 'function')
        throw new InvalidOption(
          `logger.${level}`,
          logger?.[level],
          "a logger has methods debug, info, warn, error, as pino's have",
        )
    this.#logger = logger
  }

  /**
   * Calls `listener` for each event of one type; the returned function ends that.
   *
   * @throws InvalidOption for a type that no event has, or a listener that cannot be called.
   */
  on<Type extends RateLimiterEvent['type']>(
    type: Type,
    listener: (event: RateLimiterEventOf<Type>) => void,
  ): () => void {
    if (!(TYPES as readonly unknown[]).includes(type))
      throw new InvalidOption('on: type', type, `events are ${TYPES.join(', ')}`)
    if (typeof listener !== 'function')
      throw new InvalidOption('on: listener', listener, 'it is a function of the event')
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener as Listener))
    return () => void listeners.delete(listener as Listener)
  }

  /** Whether anybody listens to events of this type. */
  wants(type: RateLimiterEvent['type']): boolean {
    return (this.#listeners.get(type)?.size ?? 0) > 0
  }

  emit(event: RateLimiterEvent): void {
    this.#log(event)
    for (const listener of this.#listeners.get(event.type) ?? []) {
      try {
        listener(event)
      } catch (error) {
        this.#logger?.error({ err: error }, 'A listener of the rate limiter threw.')
      }
    }
  }

  /** One warning when Redis goes and one when it is back; without a logger they are Node's own warnings. */
  #log(event: RateLimiterEvent): void {
    if (event.type === 'call-refused') return
    const message =
      event.type === 'store-lost'
        ? 'The rate limiter lost Redis: limit sets now follow their onStoreFailure.'
        : `The rate limiter has Redis again after ${Math.round(event.awayMs)} ms; it handed over ${event.handedOver} subjects.`
    if (this.#logger !== undefined)
      this.#logger.warn(event.type === 'store-lost' ? { err: event.cause } : { ...event }, message)
    else
      process.emitWarning(message, {
        type: 'GranaryWarning',
        code: `GRANARY_${event.type.toUpperCase().replace('-', '_')}`,
      })
  }
}
