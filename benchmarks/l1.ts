/** How much does a hit in process memory cost beside an async function around a Map, and beside the fastest peers? */
import { createCache } from '@granary/core'
import { cached, configureGranary } from '@granary/decorators'
import { Loader } from 'layered-loader'
import { LRUCache } from 'lru-cache'
import { nanosecondsPerCall } from './lib/measure.ts'
import { atMost, report, round } from './lib/report.ts'

interface User {
  readonly id: string
  readonly name: string
  readonly tier: string
}

const ids = Array.from({ length: 10_000 }, (_, at) => `user-${at}`)
const load = async (id: string): Promise<User> => ({ id, name: `name of ${id}`, tier: 'basic' })

const cache = createCache({ memory: { maxEntries: 100_000 } })
configureGranary({ cache })
const byId = cached(load, { name: 'user:by_id', ttl: '10m' })
const query = cached(async (q: { a: string; b: number; c: boolean; d: string; e: number }) => load(q.a), {
  name: 'user:query',
  ttl: '10m',
})
const queries = ids.map((id, at) => ({ a: id, b: at, c: true, d: 'basic', e: 2 * at }))

const map = new Map<string, User>()
for (const id of ids) map.set(id, await load(id))
const overMap = async (id: string) => map.get(id)
const overMapWithClock = async (id: string) => (performance.now() < 0 ? undefined : map.get(id))
const layered = new Loader<User>({
  inMemoryCache: { cacheType: 'lru-map', maxItems: 100_000, ttlInMsecs: 600_000 },
  dataSources: [{ name: 'load', get: load, getMany: (all: string[]) => Promise.all(all.map(load)) }],
})
const lru = new LRUCache<string, User>({ max: 100_000, ttl: 600_000, fetchMethod: load })

const candidates = [
  { name: 'floor: async function over Map.get', call: overMap },
  { name: 'floor and one clock read', call: overMapWithClock },
  { name: 'granary, one string argument', call: byId },
  { name: 'layered-loader', call: (id: string) => layered.get(id) },
  { name: 'lru-cache fetch()', call: (id: string) => lru.fetch(id) },
]
for (const id of ids) for (const { call } of candidates) await call(id)
for (const each of queries) await query(each)

const nanoseconds = await nanosecondsPerCall(candidates, ids, { calls: 200_000, rounds: 7 })
const objects = await nanosecondsPerCall([{ name: 'granary, an object of five fields', call: query }], queries, {
  calls: 100_000,
  rounds: 5,
})
const peek = await nanosecondsPerCall(
  [{ name: 'granary peek', call: (id: string) => cache.peek('user:by_id', [id]) }],
  ids,
  { calls: 200_000, rounds: 5 },
)
const of = (name: string) => nanoseconds.get(name) ?? Number.NaN
const floor = of('floor and one clock read')
const granary = of('granary, one string argument')
const object = [...objects.values()][0] ?? Number.NaN

report(
  'What does a hit in memory cost?',
  [...nanoseconds, ...objects, ...peek].map(([name, ns]) => ({
    name,
    'ns per call': round(ns),
    'times the floor with a clock read': round(ns / floor),
  })),
  [
    atMost('one primitive argument, times the floor with a clock read', granary / floor, 1.25),
    atMost('one primitive argument, times layered-loader', granary / of('layered-loader'), 1),
    atMost('an object of five fields, times the floor with a clock read', object / floor, 2),
  ],
)
await cache.close()
