import { channel } from 'node:diagnostics_channel'
import { InvalidOption } from '../errors.ts'
import type { CacheEvent, EventOf } from './event.ts'
import type { Level, Logger } from './logger.ts'

/** The diagnostics channel on which every cache of the process tells its events. */
export const EVENT_CHANNEL = 'granary:event'

const LEVELS: Readonly<Record<CacheEvent['type'], Level>> = {
  'entry-hit': 'debug',
  'entry-missed': 'debug',
  'call-bypassed': 'debug',
  'flight-joined': 'debug',
  'lease-acquired': 'debug',
  'lease-waited': 'debug',
  'lease-lost': 'debug',
  'load-started': 'debug',
  'load-hedged': 'debug',
  'load-finished': 'debug',
  'load-failed': 'debug',
  'entry-stored': 'info',
  'commit-rejected': 'debug',
  'value-refused': 'warn',
  'entry-removed': 'debug',
  'frame-rejected': 'warn',
  'invalidation-sent': 'info',
  'invalidation-received': 'debug',
  'redis-failed': 'warn',
  'redis-lost': 'warn',
  'redis-awaited': 'warn',
  'redis-recovered': 'warn',
  'shard-lost': 'warn',
  'shards-recovered': 'warn',
  'outbox-delivered': 'info',
  'outbox-failed': 'warn',
  'option-failed': 'error',
  'advice-given': 'warn',
}

/** At most this many warnings of one type a minute: an outage under load must not become an outage of the log. */
const WARNINGS_PER_MINUTE = 6

/** What a telemetry needs to know of its cache. */
export interface TelemetryOptions {
  readonly namespace: string
  readonly logger: Logger | undefined
  readonly now: () => number
}

/**
 * Tells events to listeners, to the `granary:event` diagnostics channel and to the logger.
 *
 * Nothing is built when nobody listens: callers ask {@link Telemetry.wants} first on hot paths.
 */
export class Telemetry {
  readonly #channel = channel(EVENT_CHANNEL)
  readonly #listeners = new Map<CacheEvent['type'], Set<(event: never) => void>>()
  readonly #warnings = new Map<CacheEvent['type'], { since: number; count: number; kept: number }>()
  readonly #options: TelemetryOptions
  /** Whether there is neither a logger nor a listener. */
  #isUnheard: boolean
  #isLossTold = false

  constructor(options: TelemetryOptions) {
    this.#options = options
    this.#isUnheard = options.logger === undefined
  }

  /** Whether nobody hears of any event: cheaper than to ask for one type. */
  get isSilent(): boolean {
    return this.#isUnheard && !this.#channel.hasSubscribers
  }

  /** Whether anybody would hear of an event of this type. */
  wants(type: CacheEvent['type']): boolean {
    if (this.isSilent) return false
    if (this.#channel.hasSubscribers || this.#listeners.has(type)) return true
    const { logger } = this.#options
    return logger !== undefined && (logger.isLevelEnabled?.(LEVELS[type]) ?? true)
  }

  /** Tells an event. A listener that throws is not allowed to harm the call: its error goes to the logger. */
  emit(event: CacheEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) {
      try {
        listener(event as never)
      } catch (cause) {
        this.#options.logger?.error({ err: cause, event: event.type }, 'granary: an event listener threw')
      }
    }
    if (this.#channel.hasSubscribers) this.#channel.publish({ namespace: this.#options.namespace, ...event })
    this.#log(event)
  }

  /**
   * Calls `listener` for every event of a type until the returned function is called.
   *
   * @throws InvalidOption for a type that no event has, or a listener that cannot be called.
   */
  on<T extends CacheEvent['type']>(type: T, listener: (event: EventOf<T>) => void): () => void {
    if (typeof type !== 'string' || !Object.hasOwn(LEVELS, type))
      throw new InvalidOption('on: type', type, `events are ${Object.keys(LEVELS).join(', ')}`)
    if (typeof listener !== 'function')
      throw new InvalidOption('on: listener', listener, 'it is a function of the event')
    const listeners = this.#listeners.get(type) ?? new Set()
    listeners.add(listener as (event: never) => void)
    this.#listeners.set(type, listeners)
    this.#isUnheard = false
    return () => {
      listeners.delete(listener as (event: never) => void)
      if (listeners.size === 0) this.#listeners.delete(type)
      this.#isUnheard = this.#listeners.size === 0 && this.#options.logger === undefined
    }
  }

  #log(event: CacheEvent): void {
    const { logger } = this.#options
    if (logger === undefined) {
      this.#warnProcess(event)
      return
    }
    const level = LEVELS[event.type]
    if (logger.isLevelEnabled?.(level) === false) return
    const suppressed = level === 'warn' ? this.#rationed(event.type) : 0
    if (suppressed === undefined) return
    const { type, ...fields } = event as CacheEvent & { cause?: unknown }
    const { cause, ...rest } = fields
    logger[level](
      {
        namespace: this.#options.namespace,
        ...rest,
        ...(cause === undefined ? {} : { err: cause }),
        ...(suppressed > 0 ? { suppressed } : {}),
      },
      `granary: ${type.replaceAll('-', ' ')}`,
    )
  }

  /** Without a logger, degradation and advice still must not be silent. */
  #warnProcess(event: CacheEvent): void {
    const message = processWarning(event)
    if (message === undefined || this.#rationed(event.type) === undefined) return
    process.emitWarning(message, {
      type: 'GranaryWarning',
      code: `GRANARY_${event.type.toUpperCase().replaceAll('-', '_')}`,
    })
  }

  /**
   * How many warnings of this type were kept back before this one; undefined keeps this one back too. A recovery is told
   * exactly when its loss was, and a loss that lasts is told again, each minute and when its reason changes: no log ends with the wrong word.
   */
  #rationed(type: CacheEvent['type']): number | undefined {
    if (type === 'redis-recovered') return this.#takeLossTold()
    if (type === 'redis-awaited' || type === 'redis-lost') {
      const suppressed = this.#ration(type)
      if (suppressed !== undefined) this.#isLossTold = true
      return suppressed
    }
    return this.#ration(type)
  }

  #takeLossTold(): 0 | undefined {
    const told = this.#isLossTold
    this.#isLossTold = false
    return told ? 0 : undefined
  }

  #ration(type: CacheEvent['type']): number | undefined {
    const now = this.#options.now()
    const ration = this.#warnings.get(type)
    if (ration === undefined || now - ration.since >= 60_000) {
      this.#warnings.set(type, { since: now, count: 1, kept: 0 })
      return ration?.kept ?? 0
    }
    if (ration.count >= WARNINGS_PER_MINUTE) {
      ration.kept += 1
      return undefined
    }
    ration.count += 1
    return 0
  }
}

function processWarning(event: CacheEvent): string | undefined {
  switch (event.type) {
    case 'redis-lost':
      return `Redis is not in use (${event.reason}): calls go to their loaders until it is back.`
    case 'redis-awaited':
      return `Redis is still not in use (${event.reason}), since ${new Date(event.since).toISOString()}.`
    case 'redis-recovered':
      return `Redis is in use again after ${Math.round(event.downFor)} ms.`
    case 'shard-lost':
      return `Redis node ${event.node} is not in use (${event.reason}): calls for its keys go to their loaders.`
    case 'shards-recovered':
      return `Every node of the Redis cluster is in use again after ${Math.round(event.downFor)} ms.`
    case 'advice-given':
      return event.advice
    case 'value-refused':
      return `'${event.name}' returned a value that cannot be cached${event.path === '' ? '' : ` (at ${event.path})`}: ${event.reason}`
    case 'outbox-failed':
      return 'The outbox could not be read or cleared: what it holds is delivered later.'
    case 'option-failed':
      return `The ${event.option} function of '${event.name}' threw: the value was served and not stored.`
    default:
      return undefined
  }
}
