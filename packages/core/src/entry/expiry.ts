import type { ResolvedPolicy } from '../options/resolve-policy.ts'
import type { Random } from '../random.ts'
import type { EntryTimes } from './entry.ts'

/** A load as expiry sees it: when it ended, how long it took, and for how long its value is fresh before jitter. */
export interface Lifetime {
  readonly created: number
  readonly loadTime: number
  readonly ttl: number
}

/** The instants of a new entry. Jitter moves the end of freshness by up to its share of the ttl, either way. */
export function planExpiry(
  { created, loadTime, ttl }: Lifetime,
  policy: Pick<ResolvedPolicy, 'jitter' | 'staleWhileRevalidate' | 'staleIfError'>,
  random: Pick<Random, 'next'>,
): EntryTimes {
  const spread = policy.jitter === 0 ? 0 : ttl * policy.jitter * (2 * random.next() - 1)
  const freshUntil = Math.ceil(created + ttl + spread)
  return {
    created: Math.floor(created),
    loadTime,
    freshUntil,
    staleUntil: freshUntil + policy.staleWhileRevalidate,
    keepUntil: freshUntil + Math.max(policy.staleWhileRevalidate, policy.staleIfError),
  }
}
