/** What do five tags add to a read from Redis, and how long does an invalidation take with up to a million entries? */
import { createCache } from '@granary/core'
import { startFaultProxy, startRedis } from '@granary/testing'
import { Redis } from 'ioredis'
import { median } from './lib/measure.ts'
import { atMost, report, round } from './lib/report.ts'

const READS = 2_000
const SIZES = [READS, 10_000, 100_000, 1_000_000]
const INVALIDATIONS = 100

const user = { name: 'alice', email: 'alice@example.com', tier: 'basic' }
const server = await startRedis()
const proxy = await startFaultProxy({ target: server })
const options = { namespace: 'tags', memory: { maxEntries: 1 } }
const cache = createCache({ ...options, redis: server.url })
const counted = createCache({ ...options, redis: proxy.url })
const raw = new Redis(server.url)
await Promise.all([cache.ready(), counted.ready()])
const tags = (_: unknown, id: number) => [`user:${id}`, 'team:7', 'tier:basic', 'region:eu', 'all']
const plain = cache.define<[number], unknown>('plain', { ttl: '10m' })
const tagged = cache.define<[number], unknown>('tagged', { ttl: '10m', tags })
for (let id = 0; id < READS; id++)
  for (const name of [plain, tagged]) await name.getOrSet([id], () => ({ id, ...user }))
await cache.drain()

/** Microseconds of a lone read, the median of both kinds in turn. */
const reads = new Map<string, number[]>()
for (let id = 0; id < READS; id++) {
  for (const name of [plain, tagged]) {
    const startedAt = performance.now()
    await name.getOrSet([id], () => undefined)
    reads.set(name.name, [...(reads.get(name.name) ?? []), (performance.now() - startedAt) * 1_000])
  }
}
const read = (name: string) => median(reads.get(name) ?? [])

const elsewhere = counted.define<[number], unknown>('tagged', { ttl: '10m', tags })
await elsewhere.getOrSet([1], () => undefined)
proxy.forget()
await elsewhere.getOrSet([2], () => undefined)
const commands = proxy.commands.filter(({ name }) => name === 'MGET' || name.startsWith('EVAL')).length

/** An entry's bytes do not name its key, so one that was stored under its lease stands for all of its like. */
const [key] = await raw.keys('tags:tagged:1:2')
const frame = await raw.getBuffer(key as string)
if (key === undefined || frame === null) throw new Error('The entry is not where it should be.')
const rows: Record<string, string | number>[] = []
const took = new Map<number, number>()
let stored = READS
for (const size of SIZES) {
  while (stored < size) {
    const batch = raw.pipeline()
    for (let at = 0; at < 10_000 && stored < size; at++, stored++)
      batch.set(`tags:tagged:1:${stored}`, frame, 'PX', 600_000)
    await batch.exec()
  }
  const times: number[] = []
  for (let at = 0; at < INVALIDATIONS; at++) {
    const startedAt = performance.now()
    await cache.invalidateTags(['team:7'])
    times.push((performance.now() - startedAt) * 1_000)
  }
  took.set(size, median(times))
  rows.push({ what: 'invalidate a tag of all entries', entries: size, us: round(median(times)) })
}
let loads = 0
await tagged.getOrSet([999_999], () => ++loads)
if (loads !== 1) throw new Error('What was invalidated was served.')

report(
  'What do tags cost?',
  [
    { what: 'read from Redis, no tags', entries: READS, us: round(read('plain')) },
    { what: 'read from Redis, five tags', entries: READS, us: round(read('tagged')) },
    ...rows,
  ],
  [
    atMost('round trips of a read with five tags', commands, 1),
    atMost('a read with five tags, times one without', read('tagged') / read('plain'), 1.25),
    atMost(
      'invalidating a tag of a million entries, times one of two thousand',
      (took.get(1_000_000) ?? Number.NaN) / (took.get(READS) ?? Number.NaN),
      1.5,
    ),
  ],
)
await Promise.all([cache.close(), counted.close()])
raw.disconnect()
await proxy.stop()
await server.stop()
