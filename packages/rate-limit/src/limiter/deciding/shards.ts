/**
 * One subject that everybody uses, such as the whole service, is one key on one server. Split into shards it is several keys
 * with an equal part of every limit each: no shard admits more than its part, so together they never admit more than the
 * limit. A call is counted by one of them.
 */
import { InvalidOption } from '@granary/core'
import type { Outcome } from '../../rule/operation.ts'
import { NEVER } from '../../rule/verdict.ts'
import { checkCount, type Limit } from '../limit.ts'

/** As many shards as one subject can have. */
const MOST_SHARDS = 64

/** Shards that one call asks Redis about at most. Those that this process remembers as full are passed over for nothing. */
export const MOST_ASKED = 3

/**
 * Checks the option `shards`: every limit must divide evenly, so that nothing of it is lost.
 *
 * @throws InvalidOption naming the limit that does not.
 */
export function checkShards(shards: number, limits: Readonly<Record<string, Limit>>): void {
  checkCount('shards', shards, MOST_SHARDS, 1)
  for (const [name, limit] of Object.entries(limits)) {
    const units = limit.kind === 'bucket' ? limit.burst : limit.limit
    if (units % shards !== 0) {
      const near = units - (units % shards)
      throw new InvalidOption(
        'shards',
        shards,
        `every limit must be a multiple of it; '${name}' is ${units}: use ${near} or ${near + shards}`,
      )
    }
  }
}

/** A shard's part of a limit. */
export function partOf<L extends Limit>(limit: L, shards: number): L {
  if (shards === 1) return limit
  if (limit.kind === 'bucket') return { ...limit, per: limit.per * shards, burst: Math.floor(limit.burst / shards) }
  return { ...limit, limit: Math.floor(limit.limit / shards) }
}

/** The key of one shard. The number comes last: whatever the subject is, two shards never share a key. */
export function shardKey(key: string, shard: number): string {
  return `${key}#${shard}`
}

/** Whether a refusal names an earlier time than another one. */
export function isSooner(one: Outcome, other: Outcome): boolean {
  return waitOf(one) < waitOf(other)
}

function waitOf({ blockedFor, standings }: Outcome): number {
  return standings.reduce(
    (longest, { retry }) => Math.max(longest, retry === NEVER ? Number.POSITIVE_INFINITY : retry),
    blockedFor,
  )
}
