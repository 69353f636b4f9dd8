import type { ResolvedPolicy } from '../options/resolve-policy.ts'
import type { Random } from '../random.ts'
import { isDueEarly } from './early-refresh.ts'
import type { EntryTimes } from './entry.ts'

/**
 * What an entry's age allows.
 *
 * `fresh`: serve. `due`: serve, and refresh in the background although it is still fresh. `stale`: serve, and refresh.
 * `kept`: only when loading fails or is slow. `expired`: never.
 */
export type Freshness = 'fresh' | 'due' | 'stale' | 'kept' | 'expired'

/** Judges an entry by its age alone; an invalidated entry is never judged. */
export function judgeFreshness(
  entry: EntryTimes,
  policy: Pick<ResolvedPolicy, 'refreshAhead' | 'beta'>,
  now: number,
  random: Pick<Random, 'next'>,
): Freshness {
  if (now < entry.freshUntil) return isDueEarly(entry, policy, now, random) ? 'due' : 'fresh'
  if (now < entry.staleUntil) return 'stale'
  return now < entry.keepUntil ? 'kept' : 'expired'
}
