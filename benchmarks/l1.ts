/** How much does a hit in process memory cost beside an async function around a Map, and beside other libraries? */
import { createCache } from '@granary/core'
import { cached, configureGranary } from '@granary/decorators'
import { Loader } from 'layered-loader'
import { LRUCache } from 'lru-cache'
import { nanosecondsPerCall, nanosecondsPerSyncCall } from './lib/measure.ts'
import { FAST_PEERS, OTHER_PEERS } from './lib/memory-peers.ts'
import { atMost, report, round } from './lib/report.ts'

interface User {
  readonly id: string
  readonly name: string
  readonly tier: string
}

interface Query {
  readonly a: string
  readonly b: number
  readonly c: boolean
  readonly d: string
  readonly e: number
}

const SIZE = 100_000
const ids = Array.from({ length: 10_000 }, (_, at) => `user-${at}`)
const queries = ids.map((id, at): Query => ({ a: id, b: at, c: true, d: 'basic', e: 2 * at }))
const load = async (id: string): Promise<User> => ({ id, name: `name of ${id}`, tier: 'basic' })

const cache = createCache({ memory: { maxEntries: SIZE } })
configureGranary({ cache })
const byId = cached(load, { name: 'user:by_id', ttl: '10m' })
const query = cached(async (q: Query) => load(q.a), { name: 'user:query', ttl: '10m' })

const map = new Map<string, User>()
for (const id of ids) map.set(id, await load(id))

const MAP = 'async function over Map.get'
const FLOOR = 'the same and one clock read'
const STRING = 'granary, one string argument'
const OBJECT = 'granary, an object of five fields'
const floor = [
  { name: MAP, call: async (id: string) => map.get(id) },
  { name: FLOOR, call: async (id: string) => (performance.now() < 0 ? undefined : map.get(id)) },
]
const fast = FAST_PEERS.map(({ name, open }) => ({ name, call: open(load, SIZE) }))
const others = OTHER_PEERS.map(({ name, open }) => ({ name, call: open(load, SIZE) }))
const candidates = [...floor, { name: STRING, call: byId }, ...fast]
for (const { call } of [...candidates, ...others]) for (const id of ids) await call(id)
for (const each of queries) await query(each)

/** Both kinds of argument in the same rounds: a position stands for the string and for the object. */
const positions = ids.map((_, at) => at)
const hits = await nanosecondsPerCall(
  [
    ...candidates.map(({ name, call }) => ({ name, call: (at: number) => call(ids[at] as string) })),
    { name: OBJECT, call: (at: number) => query(queries[at] as Query) },
  ],
  positions,
  { calls: 200_000, rounds: 7 },
)
const slower = await nanosecondsPerCall(others, ids, { calls: 20_000, rounds: 5 })

const layered = new Loader<User>({
  inMemoryCache: { cacheType: 'lru-map', maxItems: SIZE, ttlInMsecs: 600_000 },
  dataSources: [{ name: 'load', get: load, getMany: (all: string[]) => Promise.all(all.map(load)) }],
})
const lru = new LRUCache<string, User>({ max: SIZE, ttl: 600_000 })
for (const id of ids) {
  await layered.get(id)
  lru.set(id, await load(id))
}
const users = cache.define<[string], User>('peeked', { ttl: '10m' })
for (const id of ids) await users.getOrSet([id], () => load(id))
const peeks = nanosecondsPerSyncCall(
  [
    { name: 'peek: Map.get', call: (id: string) => map.get(id) },
    { name: 'peek: granary', call: (id: string) => users.peek([id]) },
    { name: 'peek: layered-loader', call: (id: string) => layered.getInMemoryOnly(id) },
    { name: 'peek: lru-cache with ttl', call: (id: string) => lru.get(id) },
  ],
  ids,
  { calls: 200_000, rounds: 7 },
)

const all = new Map([...hits, ...slower, ...peeks])
const of = (name: string) => all.get(name) ?? Number.NaN
report(
  'What does a hit in memory cost?',
  [...all].map(([name, ns]) => ({
    name,
    'ns per call': round(ns),
    'times the floor with a clock read': round(ns / of(FLOOR)),
  })),
  [
    atMost('one primitive argument, times the floor with a clock read', of(STRING) / of(FLOOR), 1.25),
    atMost('one primitive argument, times layered-loader', of(STRING) / of('layered-loader'), 1),
    atMost('an object of five fields, times the floor with a clock read', of(OBJECT) / of(FLOOR), 2),
    atMost('a synchronous peek, ns', of('peek: granary'), 80),
    atMost('a synchronous peek, times layered-loader', of('peek: granary') / of('peek: layered-loader'), 0.7),
  ],
)
await cache.close()
process.exit(0)
