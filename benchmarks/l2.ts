/** How many hits in Redis a second, and at which processor time, beside a raw ioredis GET and JSON.parse? */
import { createCache } from '@granary/core'
import { startRedis } from '@granary/testing'
import { Redis } from 'ioredis'
import { median, type Throughput, throughput } from './lib/measure.ts'
import { atLeast, report, round } from './lib/report.ts'

const ROUNDS = 5
const user = {
  username: 'alice',
  email: 'alice@example.com',
  tier: 'basic',
  role: 'user',
  isActive: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  settings: { theme: 'dark', language: 'en' },
}
const ids = Array.from({ length: 2_000 }, (_, at) => at)

const server = await startRedis()
const cache = createCache({ redis: server.url, memory: { maxEntries: 1 } })
await cache.ready()
const users = cache.define<[number], unknown>('user:by_id', { ttl: '10m' })
const raw = new Redis(server.url)
for (const id of ids) {
  await users.getOrSet([id], () => ({ id, ...user }))
  await raw.set(`raw:${id}`, JSON.stringify({ id, ...user }))
}
await cache.drain()
const loadsBefore = cache.stats().loads

const candidates = [
  {
    name: 'ioredis GET and JSON.parse',
    call: async (id: number) => JSON.parse((await raw.get(`raw:${id}`)) ?? 'null'),
  },
  { name: 'granary', call: (id: number) => users.getOrSet([id], () => ({ id, ...user })) },
]
const results = new Map<string, Throughput[]>()
for (let round = 0; round <= ROUNDS; round++) {
  for (const concurrency of [1, 64, 256]) {
    for (const candidate of candidates) {
      const result = await throughput(candidate, ids, { concurrency, milliseconds: 400 })
      if (round > 0)
        results.set(`${candidate.name}|${concurrency}`, [
          ...(results.get(`${candidate.name}|${concurrency}`) ?? []),
          result,
        ])
    }
  }
}
const perSecond = (name: string, concurrency: number) =>
  median((results.get(`${name}|${concurrency}`) ?? []).map((each) => each.perSecond))
const cpu = (name: string, concurrency: number) =>
  median((results.get(`${name}|${concurrency}`) ?? []).map((each) => each.cpu))
const ratio = (concurrency: number) =>
  perSecond('granary', concurrency) / perSecond('ioredis GET and JSON.parse', concurrency)

report(
  'What does a hit in Redis cost?',
  [...results.keys()].map((key) => {
    const [name = '', concurrency = ''] = key.split('|')
    return {
      name,
      concurrency,
      'calls a second': round(perSecond(name, Number(concurrency))),
      'CPU us a call': round(cpu(name, Number(concurrency))),
    }
  }),
  [
    atLeast('64 callers, times raw ioredis', ratio(64), 2.5),
    atLeast('256 callers, times raw ioredis', ratio(256), 4),
    atLeast('a lone caller, times raw ioredis', ratio(1), 0.8),
    {
      name: 'loads during the run',
      value: cache.stats().loads - loadsBefore,
      goal: 0,
      met: cache.stats().loads === loadsBefore,
    },
  ],
)
await cache.close()
raw.disconnect()
await server.stop()
