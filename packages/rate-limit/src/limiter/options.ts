/** The options of a limit set: what users write, and what it is resolved to, once. */
import { checkName, type Duration, InvalidOption, parseDuration } from '@granary/core'
import { LEASE_ID_LENGTH } from '../rule/leases.ts'
import type { PenaltyRule } from '../rule/penalty.ts'
import type { RuleSet } from '../rule/subject.ts'
import { assembleScript, type Script } from '../script/assemble.ts'
import type { StoreFailurePolicy } from '../store/store.ts'
import { checkShards, partOf } from './deciding/shards.ts'
import { checkCount, type Limit } from './limit.ts'
import { layoutOf, type PlanLimits, ruleOf } from './rules.ts'

/** Options of `limiter.define`. */
export interface LimitSetOptions<Name extends string = string> {
  /** The limits, by name, from 1 to 10. All of them admit a call, or none is charged. At most one is a `concurrency`. */
  readonly limits: Readonly<Record<Name, Limit>>
  /**
   * What to do while Redis is away. `'local'`, the default: decide by this process's share of what was left. `'open'`: admit,
   * and count it afterwards. `'closed'`: reject with `RateLimitUnavailable`.
   */
  readonly onStoreFailure?: StoreFailurePolicy
  /** How long a decision may wait for Redis. Default: `'50ms'`. */
  readonly deadline?: Duration
  /** Limits that depend on the subject, as `{ minute: 300 }`; those it does not name stay. Asked at every call: cache it. */
  readonly plan?: (
    subject: string,
  ) => PlanLimits<NoInfer<Name>> | undefined | Promise<PlanLimits<NoInfer<Name>> | undefined>
  /** Subjects that are admitted without being counted. */
  readonly allow?: readonly string[] | ((subject: string) => boolean)
  /** Subjects that are refused. */
  readonly deny?: readonly string[] | ((subject: string) => boolean)
  /** Blocks that grow with repeated refusals; default: none. Refusals are then written to Redis. */
  readonly penalty?: PenaltyOptions
  /** How long a reservation can be settled, and holds its place. Default: the lease of a `concurrency`, else `'5m'`. */
  readonly reservation?: Duration
  /** The subject is a secret, such as an API key: only its HMAC leaves the process. Needs a pepper. Default: false. */
  readonly secret?: boolean
  /**
   * Keys that each subject is split into, from 1 to 64, for a subject that is too hot for one server of a cluster: everybody
   * together, a large team. Each has an equal part of every limit, which must divide evenly; a call is counted by one of
   * them, and may cost at most such a part. All together never admit more than the limit. They may refuse while another
   * still has room: a call asks three at most. `remaining` is then an estimate. Default: 1.
   */
  readonly shards?: number
}

/** When refusals turn into blocks. */
export interface PenaltyOptions {
  /** Refusals before the first block, from 1 to 1000. */
  readonly after: number
  /** The first block. */
  readonly first: Duration
  /** By how much each further refusal multiplies the block, from 1 to 10. Default: 2. */
  readonly factor?: number
  /** The longest block. */
  readonly max: Duration
  /** Time without a refusal after which all is forgotten. Default: `'1d'`. */
  readonly forget?: Duration
}

/** A limit set's options, resolved. */
export interface ResolvedLimitSet {
  readonly name: string
  /** Names of the limits, in the order of the rules. */
  readonly names: readonly string[]
  readonly limits: readonly Limit[]
  readonly set: RuleSet
  readonly script: Script
  readonly layout: string
  readonly onFailure: StoreFailurePolicy
  readonly deadline: number
  readonly plan:
    | ((subject: string) => PlanLimits<string> | undefined | Promise<PlanLimits<string> | undefined>)
    | undefined
  readonly isAllowed: (subject: string) => boolean
  readonly isDenied: (subject: string) => boolean
  readonly secret: boolean
  readonly shards: number
}

/** Defaults that a rate limiter gives its sets. */
export interface LimitSetDefaults {
  readonly onStoreFailure: StoreFailurePolicy
  readonly deadline: Duration
}

const LIMIT_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
const MOST_LIMITS = 10
const POLICIES: readonly unknown[] = ['local', 'open', 'closed']

/**
 * Checks and resolves the options of a limit set.
 *
 * @throws InvalidOption naming the option that cannot be used.
 */
export function resolveLimitSet(name: string, options: LimitSetOptions, defaults: LimitSetDefaults): ResolvedLimitSet {
  checkName(name, 'name')
  const names = Object.keys(options.limits ?? {})
  const limits = names.map((limit) => options.limits[limit] as Limit)
  checkLimits(name, names, limits)
  const { onStoreFailure = defaults.onStoreFailure, deadline = defaults.deadline, shards = 1 } = options
  checkShards(shards, options.limits)
  if (!POLICIES.includes(onStoreFailure))
    throw new InvalidOption('onStoreFailure', onStoreFailure, `it is 'local', 'open' or 'closed'`)
  const penalty = options.penalty === undefined ? undefined : resolvePenalty(options.penalty)
  if (penalty !== undefined && shards > 1)
    throw new InvalidOption(
      'shards',
      shards,
      'leave it out beside a penalty, which counts the refusals of a whole subject',
    )
  const leaseTime = leaseTimeOf(limits, options.reservation) * 1000
  const set: RuleSet = Object.freeze({
    rules: Object.freeze(limits.map((limit) => ruleOf(partOf(limit, shards)))),
    leaseTime,
    penalty,
  })
  return Object.freeze({
    name,
    names,
    limits,
    set,
    script: assembleScript(set, { planned: options.plan !== undefined, time: 'server' }),
    layout: layoutOf(limits, { leaseTime, penalty, shards }),
    onFailure: onStoreFailure,
    deadline: parseDuration(deadline, 'deadline'),
    plan: options.plan,
    isAllowed: membership('allow', options.allow),
    isDenied: membership('deny', options.deny),
    secret: options.secret === true,
    shards,
  })
}

function checkLimits(name: string, names: readonly string[], limits: readonly Limit[]): void {
  if (names.length === 0 || names.length > MOST_LIMITS) {
    throw new InvalidOption(`limits of '${name}'`, names.length, `a set has from 1 to ${MOST_LIMITS} limits`)
  }
  for (const [index, limit] of names.entries()) {
    if (!LIMIT_NAME.test(limit))
      throw new InvalidOption(`limits of '${name}'`, limit, 'a name is a letter, then letters, digits, _ . or -')
    const kind = limits[index]?.kind as string | undefined
    if (kind === undefined)
      throw new InvalidOption(
        `limits.${limit}`,
        limits[index],
        'use window(), bucket(), quota(), fixedWindow() or concurrency()',
      )
  }
  if (limits.filter(({ kind }) => kind === 'concurrency').length > 1) {
    throw new InvalidOption(
      `limits of '${name}'`,
      'two of concurrency()',
      'a set has at most one; define another set for the other',
    )
  }
}

function leaseTimeOf(limits: readonly Limit[], reservation: Duration | undefined): number {
  const concurrent = limits.find((limit) => limit.kind === 'concurrency')
  if (concurrent === undefined) return parseDuration(reservation ?? '5m', 'reservation')
  if (reservation === undefined) return concurrent.lease
  throw new InvalidOption(
    'reservation',
    reservation,
    'leave it out: the lease of concurrency() says how long a place is held',
  )
}

function resolvePenalty({ after, first, factor = 2, max, forget = '1d' }: PenaltyOptions): PenaltyRule {
  checkCount('penalty after', after, 1_000, 1)
  checkCount('penalty factor', factor, 10, 1)
  const rule = {
    after,
    factor,
    first: parseDuration(first, 'penalty first') * 1000,
    max: parseDuration(max, 'penalty max') * 1000,
    forget: parseDuration(forget, 'penalty forget') * 1000,
  }
  if (rule.max < rule.first)
    throw new InvalidOption('penalty max', max, `it is at least as long as the first block, '${first}'`)
  return rule
}

function membership(option: string, list: LimitSetOptions['allow']): (subject: string) => boolean {
  if (list === undefined) return () => false
  if (typeof list === 'function') return list
  if (!Array.isArray(list)) throw new InvalidOption(option, list, 'it is a list of subjects, or a function of one')
  const members = new Set<string>(list)
  return (subject) => members.has(subject)
}

/** Bytes that make a lease's id: base64url makes four characters of three. */
export const LEASE_ID_BYTES = (LEASE_ID_LENGTH / 4) * 3
