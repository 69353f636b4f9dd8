import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Cache } from '../src/index.ts'
import { UnsettledWrites } from '../src/invalidation/unsettled-writes.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'
import { StandingClock } from './stage/standing-clock.ts'

const stage = useRedis()
type Sent = { sent(command: string): boolean }
/** The connection for large values, as long as nothing was read over it. */
const bulk = (connection: Sent) => !connection.sent('MGET') && !connection.sent('SUBSCRIBE')
const LARGE = randomBytes(60_000).toString('base64')
const POLICY = { ttl: '5m' } as const
const rowsOf = (cache: Cache) => cache.define<[number], string>('row', POLICY)

/** What a process has for the row, in a word. */
async function stored(cache: Cache): Promise<string> {
  const value = await rowsOf(cache).get([1])
  return value === LARGE ? 'what was set' : (value ?? 'nothing')
}

/** The server knows every script but the one that stores what a caller asserts. */
async function forgetSets(cache: Cache): Promise<void> {
  await stage.redis.command('SCRIPT', 'FLUSH')
  await rowsOf(cache).getOrSet([90], () => 'loaded')
  await rowsOf(cache).put([91], () => 'written')
  await rowsOf(cache).delete([90])
  await cache.drain()
}

/** Two processes, of which the first has its large values delayed on their way to Redis. */
async function delayed(ms = 100): Promise<{ here: Cache; there: Cache }> {
  const { cache: here, proxy } = await stage.proxied({ redis: { callBudget: '2s' } })
  const there = await stage.node()
  await rowsOf(here).getOrSet([80], () => 'small')
  await here.drain()
  await proxy.inject({ kind: 'delay', ms, direction: 'up', connections: bulk })
  return { here, there }
}

describe('the guarantee, point 1: what a process does to a key happens in the order in which it was asked to', () => {
  test('a set whose script the server has forgotten does not come after an invalidation that was called later', async () => {
    const [here, there] = [await stage.node(), await stage.node()]
    for (let round = 0; round < 3; round++) {
      await forgetSets(there)
      const set = rowsOf(here).set([1], 'old')
      expect(await rowsOf(here).delete([1])).toMatchObject({ delivered: true })
      expect(await rowsOf(there).get([1])).toBeUndefined()
      await set
      expect(await rowsOf(there).get([1])).toBeUndefined()
      expect(await rowsOf(here).get([1])).toBeUndefined()
    }
  })

  test('nor does one of a large value, which travels on a connection of its own', async () => {
    const { here, there } = await delayed()
    const set = rowsOf(here).set([1], LARGE)
    expect(await rowsOf(here).delete([1])).toMatchObject({ delivered: true })
    await set
    expect([await stored(there), await stored(here)]).toEqual(['nothing', 'nothing'])
  })

  test('nor does one replace what a write-through that began later has stored', async () => {
    const { here, there } = await delayed()
    await forgetSets(there)
    const set = rowsOf(here).set([1], LARGE)
    await rowsOf(here).put([1], () => 'written')
    await set
    for (const cache of [here, there]) expect(await stored(cache)).not.toBe('what was set')
  })

  test('an invalidation of another key, of a tag or of the namespace waits for no set', async () => {
    const { here } = await delayed(800)
    let isSet = false
    const set = rowsOf(here)
      .set([1], LARGE)
      .then(() => {
        isSet = true
      })
    await rowsOf(here).delete([2])
    await here.invalidate({ tags: ['t'], namespace: true })
    expect(isSet).toBe(false)
    await set
    // It ends all the same: the set noted its reading of the clock before.
    expect(await rowsOf(here).get([1])).toBeUndefined()
  })

  test('a set that Redis does not answer holds an invalidation back for one budget, and is undone by it', async () => {
    const { cache: here, proxy } = await stage.proxied()
    const there = await stage.node()
    await rowsOf(here).getOrSet([80], () => 'small')
    await here.drain()
    await proxy.inject({ kind: 'hang', direction: 'down' })
    const set = rowsOf(here).set([1], 'old')
    await wait(20)
    expect(await timed(() => rowsOf(here).delete([1]))).toBeLessThan(2_000)
    await set
    await proxy.heal()
    await here.whenDelivered()
    expect(await rowsOf(there).get([1])).toBeUndefined()
  })
})

test('a set whose connection broke is undone when Redis would refuse it, and no sooner: what is to undo it must not come first', async () => {
  const clock = new StandingClock()
  const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '1h', redis: { callBudget: '20s' } })
  await rowsOf(cache).getOrSet([80], () => 'small')
  await cache.drain()
  const [failures, sent] = [eventsOf(cache, 'redis-failed'), eventsOf(cache, 'invalidation-sent')]
  const silence = await proxy.inject({ kind: 'hang', direction: 'down' })
  const set = rowsOf(cache).set([1], 'old')
  await proxy.inject({ kind: 'reset', until: { ms: 0 } })
  await until(() => failures.length === 1)
  await silence.lift()
  const passed = await clock.until(() => cache.health().redis === 'open', 5)
  expect(await clock.isPending(set)).toBe(true)
  expect(sent).toEqual([])
  await clock.advanceAsync(20_000 - passed)
  expect(await set).toMatchObject({ delivered: true })
  expect(await rowsOf(await stage.node()).get([1])).toBeUndefined()
})

test('a set that was on its way when its cache was closed says so at once: nobody could undo it', async () => {
  const clock = new StandingClock()
  const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '1h', redis: { callBudget: '20s' } })
  const failures = eventsOf(cache, 'redis-failed')
  await rowsOf(cache).getOrSet([80], () => 'small')
  await cache.drain()
  await proxy.inject({ kind: 'hang', direction: 'down' })
  const set = rowsOf(cache).set([1], 'old')
  const refused = expect(set).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
  await clock.advanceUntilSettled(cache.close({ within: '1s' }))
  await refused
  expect(failures, 'nor has Redis failed').toEqual([])
})

describe('writes that may still be executed', () => {
  test('are waited for by key, those alone that had begun before, and nothing is kept of them', async () => {
    const writes = new UnsettledWrites()
    const ends = [writes.begin('a'), writes.begin('a'), writes.begin('b')]
    const order: string[] = []
    const both = writes.settled(['a', 'c']).then(() => order.push('a'))
    const later = writes.begin('a')
    ends[0]?.()
    await wait(1)
    expect(order).toEqual([])
    ends[1]?.()
    await both
    expect(order).toEqual(['a'])
    later()
    ends[2]?.()
    expect(writes.size).toBe(0)
    await writes.settled(['a', 'b'])
  })
})
