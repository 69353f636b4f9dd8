import {
  type Clock,
  type Duration,
  InvalidOption,
  type Logger,
  MissingPepper,
  type Random,
  type RedisSource,
  redisHandle,
  systemClock,
  systemRandom,
} from '@granary/core'
import { createSecretDigester } from '@granary/serialization'
import { Refusals } from './limiter/deciding/refusals.ts'
import { RateLimiterEvents } from './limiter/events.ts'
import { checkCount } from './limiter/limit.ts'
import { LimitSet } from './limiter/limit-set.ts'
import { resolveLimitSet } from './limiter/options.ts'
import { RateLimiter } from './limiter/rate-limiter.ts'
import { subjectKeys } from './limiter/subject-key.ts'
import { FailoverStore } from './store/failover-store.ts'
import { MemoryStore } from './store/memory-store.ts'
import type { StoreFailurePolicy } from './store/store.ts'

/** Options of {@link createRateLimiter}. */
export interface RateLimiterOptions {
  /** Separates applications that share a Redis: letters, digits, `_`, `-` and `.`. Default: `'granary'`. */
  readonly namespace?: string
  /** `cache.redis`, or whatever a cache takes as `redis`; a client is duplicated, never used itself. Default: none; limits then hold in this process alone. */
  readonly redis?: RedisSource | undefined
  /** What limit sets do while Redis is away, unless they say otherwise. Default: `'local'`. */
  readonly onStoreFailure?: StoreFailurePolicy
  /** How long a decision may wait for Redis, unless the limit set says otherwise. Default: `'50ms'`. */
  readonly deadline?: Duration
  /** Processes that share the limits, assumed until they were counted. Default: 1. */
  readonly replicas?: number
  /** Subjects that this process remembers at most; past it the one seen longest ago is forgotten. Default: 50,000. */
  readonly maxSubjects?: number
  /** What secret subjects are digested with: at least 16 bytes, the same in every process. Default: `GRANARY_PEPPER`. */
  readonly pepper?: string | readonly string[]
  /** Any pino-like logger. Default: none; warnings then go to `process.emitWarning`. */
  readonly logger?: Logger
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the system's. */
  readonly random?: Random
}

const OPTIONS: readonly string[] = [
  'namespace',
  'redis',
  'onStoreFailure',
  'deadline',
  'replicas',
  'maxSubjects',
  'pepper',
  'logger',
  'clock',
  'random',
] satisfies (keyof RateLimiterOptions)[]
const NAMESPACE = /^[A-Za-z0-9_.-]{1,100}$/
/** Refusals are short-lived and cheap to lose. */
const MOST_REFUSALS = 10_000
/** As long as a connection attempt may take, in milliseconds. */
const CONNECT_TIMEOUT = 1_000

/**
 * Makes a rate limiter. With Redis it connects at once, on a connection of its own.
 *
 * ```ts
 * const limiter = createRateLimiter({ redis: cache.redis, namespace: 'gateway' })
 * const login = limiter.define('login', { limits: { attempts: window(10, '15m', { exact: true }) } })
 *
 * const decision = await login.check(ip)
 * if (!decision.ok) throw new RateLimitExceeded(decision)
 * ```
 *
 * @throws InvalidOption naming the option that cannot be used.
 */
export function createRateLimiter(options: RateLimiterOptions = {}): RateLimiter {
  const {
    namespace = 'granary',
    redis,
    replicas = 1,
    maxSubjects = 50_000,
    clock = systemClock,
    random = systemRandom,
  } = options
  refuseUnknown(options)
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace))
    throw new InvalidOption('namespace', namespace, 'it is letters, digits, and any of _ - .')
  checkCount('replicas', replicas, 10_000, 1)
  checkCount('maxSubjects', maxSubjects, 10_000_000, 1)
  const events = new RateLimiterEvents(options.logger)
  const refusals = new Refusals({ clock, capacity: Math.min(maxSubjects, MOST_REFUSALS) })
  const remote =
    redis === undefined ? undefined : remoteStore(redis, { namespace, replicas, maxSubjects, clock, random, events })
  const store = remote ?? new MemoryStore({ clock, maxSubjects })
  const { onStoreFailure = 'local', deadline = '50ms' } = options
  let closed = false
  return new RateLimiter({
    namespace,
    events,
    makeSet: (name, setOptions) => {
      const resolved = resolveLimitSet(name, setOptions, { onStoreFailure, deadline })
      const digest = resolved.secret ? digester(name, options) : undefined
      return new LimitSet(resolved, {
        clock,
        random,
        store,
        refusals,
        keyOf: subjectKeys(`${namespace}:rl:${name}:${resolved.layout}:`, digest),
        shownAs: digest ?? ((subject) => subject),
        isClosed: () => closed,
        onRefused: (decision) => {
          if (events.wants('call-refused')) events.emit({ type: 'call-refused', decision })
        },
      })
    },
    health: () => remote?.health,
    ready: async () => void (await remote?.ready()),
    close: async () => {
      closed = true
      refusals.clear()
      await store.close()
    },
  })
}

/** A misspelt `redis` would make limits that hold in one process alone. */
function refuseUnknown(options: RateLimiterOptions): void {
  for (const option of Object.keys(options)) {
    if (!OPTIONS.includes(option)) throw new InvalidOption(option, option, `known options are ${OPTIONS.join(', ')}`)
  }
}

interface RemoteOptions {
  readonly namespace: string
  readonly replicas: number
  readonly maxSubjects: number
  readonly clock: Clock
  readonly random: Random
  readonly events: RateLimiterEvents
}

function remoteStore(redis: RedisSource, { namespace, events, clock, random, ...rest }: RemoteOptions): FailoverStore {
  const handle = redisHandle(redis)
  let lostAt = clock.now()
  let wasLost = false
  return new FailoverStore({
    ...rest,
    clock,
    random,
    makeClient: () => handle.duplicate({ connectTimeout: CONNECT_TIMEOUT }),
    peersKey: `${namespace}:rl:peers`,
    member: Buffer.from(random.bytes(9)).toString('base64url'),
    onLost: (cause) => {
      wasLost = true
      lostAt = clock.now()
      events.emit({ type: 'store-lost', cause })
    },
    onReturned: (handedOver) => {
      if (wasLost) events.emit({ type: 'store-returned', handedOver, awayMs: clock.now() - lostAt })
    },
  })
}

/** Without Redis nothing leaves the process, and a pepper of its own will do. */
function digester(
  name: string,
  { pepper = process.env['GRANARY_PEPPER'], redis, random = systemRandom }: RateLimiterOptions,
) {
  if (pepper === undefined && redis !== undefined) throw new MissingPepper(name)
  return createSecretDigester(pepper ?? Buffer.from(random.bytes(24)).toString('base64url')).digest
}
