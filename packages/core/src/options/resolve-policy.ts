import { type Duration, parseDuration } from '../duration.ts'
import { InvalidOption } from '../errors.ts'
import type { PartialPolicy, Policy, PolicyDefaults } from './policy.ts'

/** A policy as the engine reads it: validated, in milliseconds, nothing optional, frozen. */
export interface ResolvedPolicy {
  readonly name: string
  readonly version: number
  /** Milliseconds, or the user's function. */
  readonly ttl: number | ((this: unknown, value: never, ...args: readonly unknown[]) => Duration)
  readonly negativeTtl: number
  readonly tags: readonly string[] | ((this: unknown, value: never, ...args: never[]) => readonly string[])
  readonly negativeTags: ((this: unknown, ...args: never[]) => readonly string[]) | undefined
  readonly condition: ((this: unknown, ...args: never[]) => boolean) | undefined
  readonly shouldCache: ((this: unknown, value: never, ...args: never[]) => boolean) | undefined
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  /** Share of the ttl; 1 means never. */
  readonly refreshAhead: number
  /** 0 means off. */
  readonly beta: number
  readonly jitter: number
  /** Infinity means: wait for the load. */
  readonly softTimeout: number
  readonly hardTimeout: number
  readonly copy: 'freeze' | 'clone' | 'trust'
  readonly encrypt: boolean | undefined
  readonly strong: boolean
}

const NEGATIVE_TTL = 30_000
const OPTIONS: ReadonlySet<string> = new Set<keyof Policy>([
  'ttl',
  'negativeTtl',
  'tags',
  'negativeTags',
  'key',
  'ignore',
  'secret',
  'partition',
  'version',
  'condition',
  'shouldCache',
  'staleWhileRevalidate',
  'staleIfError',
  'refreshAhead',
  'beta',
  'jitter',
  'softTimeout',
  'hardTimeout',
  'copy',
  'encrypt',
  'consistency',
])

/**
 * Validates a policy and fills in the defaults.
 *
 * @throws InvalidOption naming the option, its value and what is allowed.
 */
export function resolvePolicy<A extends readonly unknown[], V>(
  name: string,
  given: PartialPolicy<A, V>,
  defaults: PolicyDefaults = {},
): ResolvedPolicy {
  const policy = { ...defaults, ...given } as PartialPolicy
  const at = (option: string) => `${name}: ${option}`
  for (const option of Object.keys(policy)) {
    if (!OPTIONS.has(option))
      throw new InvalidOption(at(option), option, `known options are ${[...OPTIONS].join(', ')}`)
  }
  const duration = (option: keyof Policy, otherwise: number) => {
    const value = policy[option]
    return value === undefined ? otherwise : parseDuration(value as Duration, at(option))
  }
  const share = (option: 'jitter' | 'refreshAhead' | 'beta', range: readonly [number, number], otherwise: number) =>
    inRange(policy[option], { option: at(option), range, otherwise })
  const ttl = typeof policy.ttl === 'function' ? policy.ttl : duration('ttl', Number.NaN)
  if (Number.isNaN(ttl))
    throw new InvalidOption(at('ttl'), undefined, `every entry needs an end: give a ttl such as '5m'`)
  return Object.freeze({
    name,
    version: inRange(policy.version, { option: at('version'), range: [1, 1_000_000], otherwise: 1, whole: true }),
    ttl: ttl as ResolvedPolicy['ttl'],
    negativeTtl: duration('negativeTtl', typeof ttl === 'number' ? Math.min(ttl, NEGATIVE_TTL) : NEGATIVE_TTL),
    tags: checkTags(policy.tags, at('tags')) as ResolvedPolicy['tags'],
    negativeTags: functionOr(policy.negativeTags, at('negativeTags')) as ResolvedPolicy['negativeTags'],
    condition: functionOr(policy.condition, at('condition')) as ResolvedPolicy['condition'],
    shouldCache: functionOr(policy.shouldCache, at('shouldCache')) as ResolvedPolicy['shouldCache'],
    staleWhileRevalidate: duration('staleWhileRevalidate', 0),
    staleIfError: duration('staleIfError', 0),
    refreshAhead: share('refreshAhead', [0.01, 0.99], 1),
    beta: share('beta', [0, 100], 0),
    jitter: share('jitter', [0, 0.5], 0.1),
    softTimeout: duration('softTimeout', Number.POSITIVE_INFINITY),
    hardTimeout: duration('hardTimeout', Number.POSITIVE_INFINITY),
    copy: oneOf(policy.copy, at('copy'), ['freeze', 'clone', 'trust'], 'freeze'),
    encrypt: booleanOr(policy.encrypt, at('encrypt')),
    strong: oneOf(policy.consistency, at('consistency'), ['bus', 'strong'], 'bus') === 'strong',
  })
}

/**
 * Validates a policy without defining a name with it: what cannot be used is refused before any cache exists.
 *
 * @param where - What it belongs to, for the error: a name, or a method and its name.
 * @throws InvalidOption naming the option, its value and what is allowed.
 */
export function checkPolicy<A extends readonly unknown[], V>(where: string, policy: PartialPolicy<A, V>): void {
  resolvePolicy(where, policy)
}

interface Range {
  readonly option: string
  readonly range: readonly [number, number]
  readonly otherwise: number
  readonly whole?: boolean
}

/**
 * A number option, or its default.
 *
 * @throws InvalidOption when `value` is given and not a number in the range.
 */
export function inRange(value: unknown, { option, range: [low, high], otherwise, whole = false }: Range): number {
  if (value === undefined) return otherwise
  if (typeof value !== 'number' || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
    throw new InvalidOption(option, value, `it is a ${whole ? 'whole ' : ''}number from ${low} to ${high}`)
  }
  return value
}

/**
 * A literal option, or its default.
 *
 * @throws InvalidOption when `value` is given and not one of `allowed`.
 */
function oneOf<T extends string>(value: T | undefined, option: string, allowed: readonly T[], otherwise: T): T {
  if (value === undefined) return otherwise
  if (!allowed.includes(value)) {
    throw new InvalidOption(option, value, `it is one of ${allowed.map((each) => `'${each}'`).join(', ')}`)
  }
  return value
}

function functionOr(value: unknown, option: string): unknown {
  if (value !== undefined && typeof value !== 'function') throw new InvalidOption(option, value, 'it is a function')
  return value
}

function booleanOr(value: unknown, option: string): boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') throw new InvalidOption(option, value, 'it is true or false')
  return value as boolean | undefined
}

function checkTags(tags: unknown, option: string): unknown {
  if (tags === undefined) return Object.freeze([])
  if (typeof tags === 'function') return tags
  if (!Array.isArray(tags))
    throw new InvalidOption(option, tags, 'it is an array of strings, or a function that returns one')
  for (const tag of tags) {
    if (typeof tag !== 'string' || tag === '') throw new InvalidOption(option, tag, 'a tag is a non-empty string')
  }
  return Object.freeze([...tags])
}
