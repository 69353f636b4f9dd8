import type { Cache } from '@granary/core'
import type { Happening, Trace } from './trace.ts'

/** Notes what a cache tells of rows, and of its Redis. */
export function listen(cache: Cache, process: number, trace: Trace): void {
  const note = (key: string, kind: Happening, detail?: number) => {
    const row = rowOf(key)
    if (row !== undefined) trace.note(row, process, kind, detail)
  }
  cache.on('entry-hit', ({ key, tier, outcome, age }) =>
    note(key, `${outcome === 'stale' ? 'stale hit' : 'hit'} in ${tier === 'l1' ? 'memory' : 'Redis'}`, age),
  )
  cache.on('entry-stored', ({ key, tier }) => note(key, tier === 'l1' ? 'kept in memory' : 'stored in Redis'))
  cache.on('flight-joined', ({ key }) => note(key, 'joined a flight'))
  cache.on('lease-acquired', ({ key }) => note(key, 'leased'))
  cache.on('lease-waited', ({ key }) => note(key, 'waits for a lease'))
  cache.on('lease-lost', ({ key }) => note(key, 'lease lost'))
  cache.on('commit-rejected', ({ key }) => note(key, 'commit rejected'))
  cache.on('frame-rejected', ({ key }) => note(key, 'frame rejected'))
  cache.on('redis-lost', ({ reason }) => trace.tell(`process ${process}: lost Redis (${reason})`))
  cache.on('redis-recovered', ({ replayed }) =>
    trace.tell(`process ${process}: uses Redis again, replayed ${replayed}`),
  )
}

/** The row whose number ends a key. */
function rowOf(key: string): number | undefined {
  const match = /(\d+)\D*$/.exec(key)
  return match === null ? undefined : Number(match[1])
}
