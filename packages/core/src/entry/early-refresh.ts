import type { ResolvedPolicy } from '../options/resolve-policy.ts'
import type { Random } from '../random.ts'
import type { EntryTimes } from './entry.ts'

/**
 * Whether a fresh entry should be refreshed already.
 *
 * `refreshAhead`: once that share of its life has passed. `beta`: XFetch, with probability rising towards the end:
 * `now - loadTime * beta * ln(u) >= freshUntil` for u uniform in (0, 1] (Vattani, Chierichetti, Lowenstein, "Optimal
 * Probabilistic Cache Stampede Prevention", PVLDB 8(8), 2015).
 */
export function isDueEarly(
  entry: EntryTimes,
  { refreshAhead, beta }: Pick<ResolvedPolicy, 'refreshAhead' | 'beta'>,
  now: number,
  random: Pick<Random, 'next'>,
): boolean {
  if (refreshAhead < 1 && now - entry.created >= (entry.freshUntil - entry.created) * refreshAhead) return true
  return beta > 0 && now - entry.loadTime * beta * Math.log(1 - random.next()) >= entry.freshUntil
}
