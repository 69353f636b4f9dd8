/** From outcomes of the store to decisions that users read. */
import type { Outcome, Standing } from '../../rule/operation.ts'
import type { Rule } from '../../rule/rule.ts'
import { toUnixMs } from '../../rule/server-clock.ts'
import { NEVER } from '../../rule/verdict.ts'
import type { Decision, LimitStanding } from '../decision.ts'
import type { Limit } from '../limit.ts'
import type { ResolvedLimitSet } from '../options.ts'
import { UNLIMITED } from '../rules.ts'

/** What a decision is made of. */
export interface Judged {
  readonly subject: string
  /** The rules that were asked, in which a plan may have changed the limits. */
  readonly rules: readonly Rule[]
  readonly outcome: Outcome
  readonly source: Decision['source']
}

/** The decision that an outcome amounts to. */
export function decisionOf(
  { name, names, limits, shards }: ResolvedLimitSet,
  { subject, rules, outcome, source }: Judged,
): Decision {
  const standings: Record<string, LimitStanding> = {}
  const violated: string[] = []
  let retryAfterMs = outcome.blockedFor / 1000
  for (let index = 0; index < names.length; index++) {
    const limit = names[index] as string
    const standing = standingOf(
      limits[index] as Limit,
      rules[index] as Rule,
      outcome.standings[index] as Standing,
      shards,
    )
    standings[limit] = standing
    if (standing.retryAfterMs === 0) continue
    violated.push(limit)
    retryAfterMs = Math.max(retryAfterMs, standing.retryAfterMs)
  }
  // Written out: this is the way of every call, and spreading an object costs as much as the rest of it.
  const degraded = source === 'local'
  const at = toUnixMs(outcome.now)
  if (outcome.done) {
    return {
      ok: true,
      reason: 'admitted',
      violated: [],
      retryAfterMs: 0,
      name,
      subject,
      limits: standings,
      source,
      degraded,
      at,
    }
  }
  const reason = outcome.blockedFor > 0 ? 'blocked' : 'limit'
  return { ok: false, reason, violated, retryAfterMs, name, subject, limits: standings, source, degraded, at }
}

/** The decision of an allow or deny list. */
export function listedDecision(
  name: string,
  subject: string,
  { allowed, at }: { allowed: boolean; at: number },
): Decision {
  const common = { name, subject, limits: {}, source: 'list', degraded: false, at } as const
  if (allowed) return { ok: true, reason: 'allowed', violated: [], retryAfterMs: 0, ...common }
  return { ok: false, reason: 'denied', violated: [], retryAfterMs: Number.POSITIVE_INFINITY, ...common }
}

/** A shard speaks for all: its limit and what is left of it, times their number. */
function standingOf(limit: Limit, rule: Rule, { remaining, retry, reset }: Standing, shards: number): LimitStanding {
  const isUnlimited = rule.kind !== 'bucket' && rule.limit === UNLIMITED
  return {
    limit: isUnlimited ? Number.POSITIVE_INFINITY : shards * (rule.kind === 'bucket' ? rule.burst : rule.limit),
    remaining: isUnlimited ? Number.POSITIVE_INFINITY : shards * remaining,
    retryAfterMs: retry === NEVER ? Number.POSITIVE_INFINITY : retry / 1000,
    resetMs: reset / 1000,
    windowMs: windowOf(limit, rule),
    unit: limit.unit,
  }
}

const DAY = 86_400_000

function windowOf(limit: Limit, rule: Rule): number | undefined {
  if (limit.kind === 'window') return limit.length
  if (limit.kind === 'concurrency') return undefined
  if (limit.kind === 'counter') {
    if (typeof limit.period === 'number') return limit.period
    return limit.period.every === 'day' ? DAY : 30 * DAY
  }
  return rule.kind === 'bucket' ? (rule.burst * rule.interval) / 1000 : undefined
}
