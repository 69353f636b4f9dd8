/**
 * Decisions as HTTP fields: `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10, which are Lists of
 * RFC 9651, the older `X-RateLimit-*`, and `Retry-After` of RFC 9110.
 */
import { createHash } from 'node:crypto'
import type { Decision, LimitStanding } from '../limiter/decision.ts'

/** Options of {@link rateLimitHeaders}. */
export interface HeaderOptions {
  /** Prefix of the parameter for units that are not registered, such as tokens: `"tpm";q=90000;w=60;acme-unit="tokens"`. Default: `'granary'`. */
  readonly vendor?: string
  /** Also says whose limits these are, as a digest of the subject (`pk`). Default: false. */
  readonly partition?: boolean
  /** Also sends the `X-RateLimit-*` fields. Default: true. */
  readonly legacy?: boolean
}

/** Units of the draft's registry. */
const REGISTERED: ReadonlySet<string> = new Set(['requests', 'content-bytes', 'concurrent-requests'])

/**
 * The fields of a response to this call, admitted or refused. Empty where no limit counts: for decisions by list.
 *
 * ```ts
 * rateLimitHeaders(decision)
 * // RateLimit-Policy: "minute";q=60;w=60, "tokens";q=90000;w=60;granary-unit="tokens"
 * // RateLimit: "minute";r=12;t=31, "tokens";r=41000;t=4
 * ```
 */
export function rateLimitHeaders(decision: Decision, options: HeaderOptions = {}): Record<string, string> {
  const { vendor = 'granary', partition = false, legacy = true } = options
  const limits = Object.entries(decision.limits).filter((entry): entry is [string, LimitStanding] => {
    const limit = entry[1]?.limit
    return limit !== undefined && Number.isFinite(limit)
  })
  const headers: Record<string, string> = {}
  if (limits.length > 0) {
    const key = partition
      ? `;pk=:${createHash('sha256').update(decision.subject).digest().subarray(0, 12).toString('base64')}:`
      : ''
    headers['RateLimit-Policy'] = limits.map(([name, standing]) => policyItem(name, standing, vendor) + key).join(', ')
    headers['RateLimit'] = limits.map(([name, standing]) => stateItem(name, standing, decision) + key).join(', ')
    if (legacy)
      Object.assign(
        headers,
        legacyHeaders(
          decision,
          limits.map(([, standing]) => standing),
        ),
      )
  }
  if (!decision.ok && Number.isFinite(decision.retryAfterMs))
    headers['Retry-After'] = String(seconds(decision.retryAfterMs))
  return headers
}

function policyItem(name: string, { limit, windowMs, unit }: LimitStanding, vendor: string): string {
  const quota = `${quoted(name)};q=${limit}`
  const registered = unit !== 'requests' && REGISTERED.has(unit) ? `;qu=${quoted(unit)}` : ''
  const window = windowMs === undefined ? '' : `;w=${seconds(windowMs)}`
  return quota + registered + window + (REGISTERED.has(unit) ? '' : `;${vendor}-unit=${quoted(unit)}`)
}

/**
 * What is left, and when more comes. `Retry-After` must not be earlier than `t`, so a refusal withholds the `t` of limits that
 * did not refuse: a client that waits for a minute need not wait for the day.
 */
function stateItem(name: string, { remaining, resetMs, retryAfterMs }: LimitStanding, { ok }: Decision): string {
  const state = `${quoted(name)};r=${remaining}`
  return resetMs > 0 && (ok || retryAfterMs > 0) ? `${state};t=${seconds(resetMs)}` : state
}

/** The tightest limit, and where there are several units also the tightest of each. */
function legacyHeaders({ at }: Decision, standings: readonly LimitStanding[]): Record<string, string> {
  const headers = legacyOf(tightest(standings), at, '')
  const units = new Set(standings.map(({ unit }) => unit))
  if (units.size > 1) {
    for (const unit of units) {
      Object.assign(
        headers,
        legacyOf(tightest(standings.filter((standing) => standing.unit === unit)), at, `-${capitalised(unit)}`),
      )
    }
  }
  return headers
}

function legacyOf({ limit, remaining, resetMs }: LimitStanding, at: number, suffix: string): Record<string, string> {
  return {
    [`X-RateLimit-Limit${suffix}`]: String(limit),
    [`X-RateLimit-Remaining${suffix}`]: String(remaining),
    [`X-RateLimit-Reset${suffix}`]: String(Math.ceil((at + resetMs) / 1000)),
  }
}

/** The one that refused for longest, else the one with the smallest share left. */
function tightest(standings: readonly LimitStanding[]): LimitStanding {
  const share = ({ limit, remaining }: LimitStanding) => (limit === 0 ? 0 : remaining / limit)
  const [first, ...others] = standings as [LimitStanding, ...LimitStanding[]]
  return others.reduce((best, other) => {
    if (best.retryAfterMs !== other.retryAfterMs) return best.retryAfterMs > other.retryAfterMs ? best : other
    return share(other) < share(best) ? other : best
  }, first)
}

function capitalised(unit: string): string {
  return unit.replace(/(^|-)([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase())
}

/** A String of RFC 9651. Names are checked when limits are defined; this keeps the field well-formed whatever they are. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}

/** Whole seconds, rounded up: coming back earlier would be refused. */
function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000)
}
