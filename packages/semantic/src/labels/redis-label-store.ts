import { type Clock, InvalidOption, type RedisSource, systemClock } from '@granary/core'
import type { Label } from '../judge/verdict.ts'
import { RedisLine } from '../nearest/redis/redis-line.ts'
import type { LabelStore } from './label-store.ts'

/** Options of {@link redisLabelStore}. */
export interface RedisLabelStoreOptions {
  /** `cache.redis`, or whatever a cache takes as `redis` (a client is duplicated, never used itself). A plain Redis: the log is a stream. */
  readonly redis: RedisSource | undefined
  /** In front of every key. Default: `'semantic'`. */
  readonly namespace?: string
  /** Labels kept of each judge, more or less; past it the oldest go. From 100 to 1,000,000. Default: 20,000. */
  readonly maxLabels?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

/**
 * The labels of a fleet, in a Redis stream for each judge: what one process learns the others learn, and it outlives all of them.
 *
 * A label whose append was given up may have been taken all the same, and is then handed in once more: it counts twice. Entries
 * that are no labels are passed over.
 *
 * @throws InvalidOption when an option cannot be used.
 */
export function redisLabelStore(options: RedisLabelStoreOptions): LabelStore {
  const { namespace = 'semantic', maxLabels = 20_000, redis, clock = systemClock } = options
  if (!/^[\w.:-]{1,64}$/.test(namespace))
    throw new InvalidOption('namespace', namespace, 'it is 1 to 64 letters, digits, or any of . : - _')
  if (!Number.isInteger(maxLabels) || maxLabels < 100 || maxLabels > 1_000_000)
    throw new InvalidOption('maxLabels', maxLabels, 'it is a whole number from 100 to 1,000,000')
  const line = new RedisLine(redis, clock)
  const keyOf = (judge: string) => `${namespace}:labels:${judge}`
  return {
    async append(judge, labels, signal) {
      const key = keyOf(judge)
      await line.send(
        labels.map((label) => ['XADD', key, 'MAXLEN', '~', maxLabels, '*', 'label', JSON.stringify(label)] as const),
        signal,
      )
    },
    async read(judge, cursor, limit, signal) {
      const from = cursor === undefined ? '-' : `(${cursor}`
      const [reply] = await line.send([['XRANGE', keyOf(judge), from, '+', 'COUNT', limit]], signal)
      const entries = reply as readonly (readonly [id: Buffer, fields: readonly Buffer[]])[]
      return {
        labels: entries.flatMap(([, [, text]]) => labelIn(text)),
        cursor: entries.at(-1)?.[0].toString() ?? cursor,
      }
    },
    close: () => line.close(),
  }
}

function labelIn(text: Buffer | undefined): Label[] {
  try {
    const label = JSON.parse(text?.toString() ?? '') as Label
    return typeof label.correct === 'boolean' && Array.isArray(label.trial.features) ? [label] : []
  } catch {
    return []
  }
}
