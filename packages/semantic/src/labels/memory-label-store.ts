import { InvalidOption } from '@granary/core'
import type { Label } from '../judge/verdict.ts'
import type { LabelStore } from './label-store.ts'

/** Options of {@link memoryLabelStore}. */
export interface MemoryLabelStoreOptions {
  /** Labels kept of each judge; past it the oldest go. Default: 20,000. */
  readonly maxLabels?: number
}

interface Log {
  /** How many were dropped before the first one here. */
  dropped: number
  readonly labels: Label[]
}

/**
 * The labels of one process.
 *
 * @throws InvalidOption when `maxLabels` is not a whole number of at least 1.
 */
export function memoryLabelStore({ maxLabels = 20_000 }: MemoryLabelStoreOptions = {}): LabelStore {
  if (!Number.isInteger(maxLabels) || maxLabels < 1)
    throw new InvalidOption('maxLabels', maxLabels, 'it is a whole number of at least 1')
  const logs = new Map<string, Log>()
  return {
    async append(judge, labels) {
      const log = logs.get(judge) ?? { dropped: 0, labels: [] }
      logs.set(judge, log)
      log.labels.push(...labels)
      const excess = Math.max(0, log.labels.length - maxLabels)
      log.labels.splice(0, excess)
      log.dropped += excess
    },
    async read(judge, cursor, limit) {
      const log = logs.get(judge)
      if (log === undefined) return { labels: [], cursor }
      const from = Math.max(0, Number(cursor ?? 0) - log.dropped)
      const labels = log.labels.slice(from, from + limit)
      return { labels, cursor: labels.length === 0 ? cursor : String(log.dropped + from + labels.length) }
    },
    async close() {
      logs.clear()
    },
  }
}
