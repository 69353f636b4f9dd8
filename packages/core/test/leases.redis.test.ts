import { describe, expect, test } from 'vitest'
import type { Cache, CachedName } from '../src/index.ts'
import { UnreturnedLeases } from '../src/redis/remembered/unreturned-leases.ts'
import { RELEASE } from '../src/redis/script/frame-scripts.ts'
import { BUMP } from '../src/redis/script/metadata-scripts.ts'
import { Database } from './stage/database.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { until, useRedis } from './stage/redis-stage.ts'
import { StandingClock } from './stage/standing-clock.ts'

const stage = useRedis()

/** So long that whoever had to wait for it would not get through a test. */
const LEASE = { leaseTime: '30s' } as const

type Rows = CachedName<[number], string>

const rowsOf = (cache: Cache): Rows => cache.define<[number], string>('row', { ttl: '5m' })
const isThere = async (key: string) => (await stage.redis.command('EXISTS', key)) === 1

/** A process behind a proxy whose budget passes only when the test says so, one elsewhere, and what the latter tells of waiting. */
async function scene() {
  const clock = new StandingClock()
  const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '1h', redis: { ...LEASE, callBudget: '20s' } })
  const other = await stage.node({ redis: LEASE })
  const [here, there] = [rowsOf(cache), rowsOf(other)]
  const failing = () => Promise.reject(new Error('so that the server knows the script that gives back'))
  await expect(here.getOrSet([0], failing)).rejects.toThrow()
  await until(async () => !(await isThere(here.keyOf([0]))))
  return { clock, cache, proxy, here, there, other, waits: eventsOf(other, 'lease-waited') }
}

describe('A1: a lease that was granted and not heard of', () => {
  test('is given back when the answer does not come in time: others do not wait for it', async () => {
    const { clock, cache, proxy, here, there, waits } = await scene()
    const silence = await proxy.inject({ kind: 'hang', direction: 'down', connections: [0] })
    const answer = cache.refresh(() => here.getOrSet([1], () => 'loaded without a lease'))
    await until(() => isThere(here.keyOf([1])))
    await clock.advanceAsync(20_000)
    expect(await answer).toBe('loaded without a lease')
    await until(async () => !(await isThere(here.keyOf([1]))))
    expect(await there.getOrSet([1], () => 'loaded under a lease')).toBe('loaded under a lease')
    expect(waits).toEqual([])
    await silence.lift()
  })

  test('is given back when Redis is in use again after the connection broke', async () => {
    const { clock, cache, proxy, here, there, waits } = await scene()
    const recovered = eventsOf(cache, 'redis-recovered')
    const silence = await proxy.inject({ kind: 'hang', direction: 'down', connections: [0] })
    const answer = cache.refresh(() => here.getOrSet([1], () => 'loaded without a lease'))
    await until(() => isThere(here.keyOf([1])))
    await proxy.inject({ kind: 'reset', until: { ms: 0 } })
    await silence.lift()
    expect(await answer).toBe('loaded without a lease')
    await clock.until(() => recovered.length === 1)
    await until(async () => !(await isThere(here.keyOf([1]))))
    expect(await there.getOrSet([1], () => 'loaded under a lease')).toBe('loaded under a lease')
    expect(waits).toEqual([])
  })

  test('is given back again when it was granted only then: the server had forgotten that script alone', async () => {
    const { clock, proxy, here, there, waits } = await scene()
    await stage.redis.command('SCRIPT', 'FLUSH')
    for (const { source } of [RELEASE, BUMP]) await stage.redis.command('SCRIPT', 'LOAD', source)
    const silence = await proxy.inject({ kind: 'hang', direction: 'down', connections: [0] })
    // Both ask in one script. The budget of the first ends while that script may still be sent again for the second.
    const impatient = here.put([1], () => 'not stored')
    clock.advance(5_000)
    const patient = here.put([2], () => 'stored')
    await clock.advanceAsync(15_000)
    await silence.lift()
    expect(await Promise.all([impatient, patient])).toEqual(['not stored', 'stored'])
    await until(async () => !(await isThere(here.keyOf([1]))))
    expect(await there.getOrSet([1], () => 'loaded under a lease')).toBe('loaded under a lease')
    expect(await there.get([2])).toBe('stored')
    expect(waits).toEqual([])
  })

  test('nor is one left behind by a load whose result could not be stored', async () => {
    const { clock, cache, proxy, here, there, waits } = await scene()
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const answer = here.getOrSet([1], () => db.read(1))
    await until(() => db.reads.length === 1)
    await proxy.inject({ kind: 'reset', until: { ms: 0 } })
    await until(() => cache.health().redis === 'away')
    release()
    expect(await answer).toBe('row')
    await clock.until(() => cache.health().redis === 'open')
    await until(async () => !(await isThere(here.keyOf([1]))))
    expect(await there.getOrSet([1], () => 'loaded under a lease')).toBe('loaded under a lease')
    expect(waits).toEqual([])
  })

  test('and a load that goes on with its lease is not disturbed by a broken connection of another process', async () => {
    const { clock, proxy, here, there } = await scene()
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const answer = there.getOrSet([1], () => db.read(1))
    await until(() => db.reads.length === 1)
    await proxy.inject({ kind: 'reset', until: { ms: 0 } })
    release()
    expect(await answer).toBe('row')
    await clock.until(async () => (await here.get([1])) === 'row')
  })
})

describe('C13: leases to give back', () => {
  test('are bounded, the last of each key, and taken once', () => {
    const leases = new UnreturnedLeases(3)
    const token = new Uint8Array(8)
    for (const text of ['a', 'b', 'a', 'c', 'd'])
      leases.add({ address: { key: text, label: 'row:1', text }, token, failed: false })
    expect(leases.size).toBe(3)
    expect(leases.take().map(({ address }) => address.key)).toEqual(['a', 'c', 'd'])
    expect(leases.take()).toEqual([])
  })
})
