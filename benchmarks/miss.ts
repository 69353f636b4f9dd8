/** For how many round trips does the caller of a cold key wait? Replies of Redis are delayed, so that the waiting shows. */
import { createCache } from '@granary/core'
import { startFaultProxy, startRedis } from '@granary/testing'
import { median } from './lib/measure.ts'
import { atMost, report, round } from './lib/report.ts'

const DELAY = 20
const CALLS = 15

const server = await startRedis()
const proxy = await startFaultProxy({ target: server })
const cache = createCache({ redis: { client: proxy.url, callBudget: '2s' }, memory: { maxEntries: 1 } })
await cache.ready()
const users = cache.define<[number], unknown>('user', { ttl: '10m', tags: (_, id) => [`user:${id}`, 'all'] })
const load = (id: number) => users.getOrSet([id], () => ({ id }))
await load(-1)
await cache.drain()
const delay = await proxy.inject({ kind: 'delay', ms: DELAY, direction: 'down' })

/** Milliseconds that a caller waits, the median of several calls, and the commands that each of them sent. */
async function waited(call: (at: number) => Promise<unknown>): Promise<{ ms: number; commands: number }> {
  const times: number[] = []
  proxy.forget()
  for (let at = 0; at < CALLS; at++) {
    const startedAt = performance.now()
    await call(at)
    times.push(performance.now() - startedAt)
    await cache.drain()
  }
  const commands = proxy.commands.filter(({ name }) => name === 'MGET' || name.startsWith('EVAL')).length
  return { ms: median(times), commands: commands / CALLS }
}

const miss = await waited((at) => load(at))
const hit = await waited((at) => load(at))
const invalidation = await waited((at) => users.delete([at]))
const write = await waited((at) => users.set([at], { id: at }))
await delay.lift()

const trips = ({ ms }: { ms: number }) => Math.round(ms / DELAY)
report(
  `For how many round trips does a caller wait, when each takes ${DELAY} ms?`,
  Object.entries({ 'cold key': miss, 'hit in Redis': hit, invalidation, set: write }).map(([what, each]) => ({
    what,
    'ms waited': round(each.ms),
    'round trips waited': trips(each),
    'commands sent': round(each.commands),
  })),
  [
    atMost('round trips of a miss, besides the load', trips(miss), 2),
    atMost('commands of a miss, the commit included', miss.commands, 3),
    atMost('round trips of a hit in Redis', trips(hit), 1),
    atMost('round trips of an invalidation', trips(invalidation), 1),
  ],
)
await cache.close()
await proxy.stop()
await server.stop()
