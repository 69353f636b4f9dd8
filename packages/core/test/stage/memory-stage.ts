import { expectQuiet, ManualClock, ScriptedRandom } from '@granary/testing'
import { afterEach, onTestFinished } from 'vitest'
import { type Cache, type CacheEvent, type CacheOptions, createCache } from '../../src/index.ts'
import { SILENT } from './log-recorder.ts'

/** A memory-only cache whose time and chance belong to the test. */
export interface MemoryStage {
  readonly cache: Cache
  readonly clock: ManualClock
}

const open: MemoryStage[] = []

/** Opens a memory-only cache on a clock that stands still. It is closed, and proven quiet, when the test ends. */
export function openMemory(options: CacheOptions & { readonly clock?: ManualClock } = {}): MemoryStage {
  const clock = options.clock ?? new ManualClock({ now: 1_000_000 })
  const cache = createCache({ random: new ScriptedRandom(1), logger: SILENT, ...options, clock })
  const stage = { cache, clock }
  open.push(stage)
  return stage
}

afterEach(async () => {
  for (const { cache, clock } of open.splice(0)) {
    await clock.advanceUntilSettled(cache.drain())
    expectQuiet(cache, clock)
    await clock.advanceUntilSettled(cache.close())
    expectQuiet(cache, clock)
  }
})

/** Every event of a cache from now to the end of the test, in order. */
export function eventsOf(cache: Cache, ...types: readonly CacheEvent['type'][]): CacheEvent[] {
  const events: CacheEvent[] = []
  const stops = types.map((type) => cache.on(type, (event) => events.push(event as CacheEvent)))
  onTestFinished(() => {
    for (const stop of stops) stop()
  })
  return events
}
