import { type Duration, parseDuration } from '../duration.ts'
import { InvalidOption } from '../errors.ts'
import { checkLogger } from '../telemetry/logger.ts'
import type { MemoryBounds } from '../tiers/memory-tier.ts'
import type { CacheOptions, Coherence, RedisTierOptions } from './cache-options.ts'
import type { PolicyDefaults } from './policy.ts'
import type { ConnectionPlan, RedisInput } from './redis-client.ts'
import { inRange, resolvePolicy } from './resolve-policy.ts'

/** `createCache`'s options, validated and in milliseconds. */
export interface ResolvedCacheOptions {
  readonly namespace: string
  readonly memory: MemoryBounds
  readonly maxStaleness: number
  readonly coherence: Coherence
  readonly serveL1For: number
  readonly enabled: boolean
  readonly pepper: string | readonly string[] | undefined
  readonly defaults: PolicyDefaults
  readonly redis: ResolvedRedisOptions | undefined
}

/** The Redis part of them. */
export interface ResolvedRedisOptions {
  readonly plan: ConnectionPlan
  readonly callBudget: number
  /** Infinite: never load beside Redis. */
  readonly slowAfter: number
  readonly leaseTime: number
  readonly required: boolean
}

const OPTIONS: readonly (keyof CacheOptions)[] = [
  'namespace',
  'redis',
  'pepper',
  'memory',
  'defaults',
  'maxStaleness',
  'coherence',
  'outage',
  'encrypt',
  'classes',
  'compression',
  'logger',
  'clock',
  'random',
  'enabled',
]

/** Reads where Redis is; the composition root brings it, because options know nothing of clients. */
type PlanConnections = (input: RedisInput, environment: NodeJS.ProcessEnv) => ConnectionPlan

/** What the options are read with. */
export interface OptionSources {
  readonly environment: NodeJS.ProcessEnv
  readonly planConnections: PlanConnections
}

/**
 * Validates the options of a cache and fills in the defaults.
 *
 * @throws InvalidOption naming the option or variable, its value and what is allowed.
 */
export function resolveCacheOptions(options: CacheOptions, sources: OptionSources): ResolvedCacheOptions {
  const { environment } = sources
  const { namespace = 'granary', memory = {}, defaults = {}, outage, maxStaleness } = options
  refuseUnknown('', options, OPTIONS)
  refuseUnknown('memory.', memory, ['maxEntries', 'maxBytes'])
  refuseUnknown('outage.', outage ?? {}, ['serveL1For'])
  if (typeof namespace !== 'string' || !/^[\w.-]{1,64}$/.test(namespace)) {
    throw new InvalidOption('namespace', namespace, "it is 1 to 64 letters, digits, '_', '-' or '.'")
  }
  checkLogger(options.logger)
  resolvePolicy('defaults', { ttl: '1m', ...defaults })
  const redis = options.redis === undefined ? undefined : resolveRedis(options.redis, sources)
  if (options.coherence === 'acknowledged' && outage?.serveL1For !== undefined)
    throw new InvalidOption('outage.serveL1For', outage.serveL1For, "memory without proof is not for 'acknowledged'")
  return {
    namespace,
    memory: {
      maxEntries: inRange(memory.maxEntries, {
        option: 'memory.maxEntries',
        range: [1, 50_000_000],
        otherwise: 10_000,
        whole: true,
      }),
      maxBytes: inRange(memory.maxBytes, { option: 'memory.maxBytes', range: [1, 2 ** 40], otherwise: 64 * 2 ** 20 }),
    },
    maxStaleness: durationOr(maxStaleness, 'maxStaleness', 1_000),
    coherence: resolveCoherence(options.coherence),
    serveL1For: durationOr(outage?.serveL1For, 'outage.serveL1For', 0),
    enabled: isEnabled(options.enabled, environment['GRANARY_DISABLED']),
    pepper: options.pepper ?? (environment['GRANARY_PEPPER'] || undefined),
    defaults,
    redis,
  }
}

function resolveCoherence(given: unknown = 'bus'): Coherence {
  if (given !== 'bus' && given !== 'tracking' && given !== 'acknowledged')
    throw new InvalidOption('coherence', given, "it is 'bus', 'tracking' or 'acknowledged'")
  return given
}

function resolveRedis(
  given: NonNullable<CacheOptions['redis']>,
  { environment, planConnections }: OptionSources,
): ResolvedRedisOptions {
  const options: RedisTierOptions = isTierOptions(given) ? given : { client: given }
  refuseUnknown('redis.', options, ['client', 'callBudget', 'slowAfter', 'leaseTime', 'required'])
  if (options.required !== undefined && typeof options.required !== 'boolean') {
    throw new InvalidOption('redis.required', options.required, 'it is true or false')
  }
  const callBudget = durationOr(options.callBudget, 'redis.callBudget', 250)
  return {
    plan: planConnections(options.client, environment),
    callBudget,
    slowAfter: resolveSlowAfter(options.slowAfter, callBudget),
    leaseTime: resolveLeaseTime(options.leaseTime),
    required: options.required ?? false,
  }
}

function resolveSlowAfter(given: Duration | undefined, callBudget: number): number {
  const slowAfter = durationOr(given, 'redis.slowAfter', Number.POSITIVE_INFINITY)
  if (given !== undefined && slowAfter >= callBudget)
    throw new InvalidOption('redis.slowAfter', given, `it is shorter than redis.callBudget (${callBudget}ms)`)
  return slowAfter
}

/** Readers take a lease that ends in more than a minute for damage; a longer load renews a shorter lease. */
function resolveLeaseTime(given: Duration | undefined): number {
  const leaseTime = durationOr(given, 'redis.leaseTime', 3_000)
  if (leaseTime > 30_000)
    throw new InvalidOption('redis.leaseTime', given, "'30s' is the longest; a load that takes longer renews its lease")
  return leaseTime
}

/** Clients have a method `client`, the CLIENT command: they are told from options by `duplicate`. */
function isTierOptions(given: NonNullable<CacheOptions['redis']>): given is RedisTierOptions {
  return typeof given === 'object' && given !== null && 'client' in given && !('duplicate' in given)
}

function refuseUnknown(prefix: string, given: object, known: readonly string[]): void {
  for (const option of Object.keys(given)) {
    if (!known.includes(option))
      throw new InvalidOption(prefix + option, option, `known options are ${known.join(', ')}`)
  }
}

function durationOr(given: Duration | undefined, option: string, otherwise: number): number {
  return given === undefined ? otherwise : parseDuration(given, option)
}

function isEnabled(option: boolean | undefined, variable: string | undefined): boolean {
  if (option !== undefined && typeof option !== 'boolean')
    throw new InvalidOption('enabled', option, 'it is true or false')
  if (variable === undefined || variable === '' || variable === '0') return option ?? true
  if (variable === '1') return false
  throw new InvalidOption('GRANARY_DISABLED', variable, "it is '1' or '0'")
}
