import { type Cache, type CacheOptions, createCache } from '@granary/core'
import { configureGranary } from '@granary/decorators'
import { ManualClock } from '@granary/testing'
import { onTestFinished } from 'vitest'

/** The decorator standard that this run was lowered for. */
export const MODE = process.env['GRANARY_DECORATORS'] === 'standard' ? 'standard' : 'legacy'

/** A memory-only cache on a clock that only the test moves; closed when the test ends. */
export function memoryCache(options: Omit<CacheOptions, 'clock'> = {}): { cache: Cache; clock: ManualClock } {
  const clock = new ManualClock()
  const cache = createCache({ ...options, clock })
  onTestFinished(() => cache.close())
  return { cache, clock }
}

/** The same, configured as the cache of every decorated method until the test ends. */
export function configuredCache(options: Omit<CacheOptions, 'clock'> = {}): { cache: Cache; clock: ManualClock } {
  const made = memoryCache(options)
  onTestFinished(configureGranary({ cache: made.cache }))
  return made
}

/** What a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it resolved')
}

/** What a function throws. */
export function thrownBy(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('it threw nothing')
}
