import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Cache, type CachedName, isCache } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { type Member, useFleet } from './stage/member.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'
import { StandingClock } from './stage/standing-clock.ts'

const stage = useRedis()

/** So many nodes in this process. */
async function nodes(count: number, redis: object = {}): Promise<CachedName<[number], unknown>[]> {
  const caches = await Promise.all(Array.from({ length: count }, () => stage.node({ redis })))
  return caches.map((cache) => cache.define<[number], unknown>('row', { ttl: '5m' }))
}

function cacheOf(rows: CachedName<[number], unknown> | undefined): Cache {
  if (!isCache(rows?.cache)) throw new Error('There is no such node.')
  return rows.cache
}

describe('C4: one load in the whole fleet', () => {
  const fleet = useFleet(() => stage.redis.url, 4, { leaseTime: '500ms' })

  test('4 processes with 250 callers each of one cold key: exactly one load', async () => {
    const loads: number[] = []
    fleet.load = async (id, by) => {
      loads.push(by)
      await wait(150)
      return { id, by }
    }
    const answers = (await Promise.all(fleet.members.map((member) => member.read(1, 250)))).flat()
    expect(answers.length).toBe(1_000)
    expect(loads.length).toBe(1)
    expect(answers.every((answer) => JSON.stringify(answer) === JSON.stringify({ id: 1, by: loads[0] }))).toBe(true)
  })

  test('a holder that was frozen past its lease cannot overwrite what the next one stored', async () => {
    const [frozen, next] = fleet.members as [Member, Member]
    let version = 0
    const loads: number[] = []
    fleet.load = async (_, by) => {
      loads.push(by)
      const seen = version
      if (by === 0) await wait(300)
      return seen
    }
    const early = frozen.read(2)
    await until(() => loads.length === 1)
    frozen.pause()
    version = 1
    const took = await timed(async () => expect(await next.read(2)).toEqual([1]))
    expect(took).toBeGreaterThan(300)
    frozen.resume()
    expect(await early).toEqual([0])
    await wait(50)
    expect([await next.get(2), await fleet.members[2]?.get(2)]).toEqual([1, 1])
  })

  test('a holder that is killed delays the others by its lease at most', async () => {
    const [holder, other] = fleet.members.slice(2) as [Member, Member]
    const loads: number[] = []
    fleet.load = (_, by) => {
      loads.push(by)
      return by === 2 ? new Promise(() => {}) : Promise.resolve('from the other')
    }
    void holder.read(3)
    await until(() => loads.length === 1)
    await holder.kill()
    const waited = await timed(async () => expect(await other.read(3)).toEqual(['from the other']))
    expect(loads).toEqual([2, 3])
    expect(waited).toBeLessThan(500 + 1_000)
  })
})

/** Another process whose patience ends only when the test says so, and what it tells of waiting. */
async function standingWaiter(redis: object = {}) {
  const clock = new StandingClock()
  const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '1h', redis })
  const waits = eventsOf(cache, 'lease-waited')
  return { clock, cache, proxy, waits, rows: cache.define<[number], unknown>('row', { ttl: '5m' }) }
}

/** When the lease of an entry ends, by the server's clock. */
async function leaseEnd(rows: CachedName<[number], unknown> | undefined, id: number): Promise<number> {
  return ((await stage.redis.commandBytes('GET', rows?.keyOf([id]) as string)) as Buffer).readDoubleBE(12)
}

describe('C4: leases', () => {
  test('one is renewed while a long load lives: nobody else loads', async () => {
    const { clock, rows } = await standingWaiter({ leaseTime: '30s' })
    const [other] = await nodes(1)
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const first = rows.getOrSet([1], db.reading(1))
    await until(() => db.reads.length === 1)
    const waits = eventsOf(cacheOf(other), 'lease-waited')
    const second = other?.getOrSet([1], db.reading(1))
    await until(() => waits.length === 1)
    for (let renewal = 0; renewal < 4; renewal++) {
      const before = await leaseEnd(rows, 1)
      await wait(2)
      await clock.advanceAsync(10_000)
      await until(async () => (await leaseEnd(rows, 1)) > before)
    }
    release()
    expect([await first, await second]).toEqual(['row', 'row'])
    expect(db.reads.length).toBe(1)
    expect(cacheOf(other).stats()).toMatchObject({ hitsL2: 1, misses: 0, loads: 0 })
  })

  test('when the holder loads in vain, the others load at the same time, not one after the other', async () => {
    const fleet = await nodes(4)
    const error = new Error('database down')
    const loads: ((error: Error) => void)[] = []
    const failing = () => new Promise<never>((_, reject) => loads.push(reject))
    const calls = Promise.allSettled(fleet.map((rows) => rows.getOrSet([1], failing)))
    await until(() => loads.length === 1)
    loads[0]?.(error)
    await until(() => loads.length === 4)
    for (const fail of loads) fail(error)
    for (const result of await calls) expect(result).toEqual({ status: 'rejected', reason: error })
    expect(loads.length).toBe(4)
    expect(await fleet[0]?.getOrSet([1], () => 'back')).toBe('back')
  })

  test('one is given back at once when the value may not be stored', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(async () => {
        const cache = await stage.node({ redis: { leaseTime: '20s' } })
        return cache.define<[number], unknown>('row', { ttl: '5m', shouldCache: () => false })
      }),
    )
    const waits = eventsOf(cacheOf(other), 'lease-waited')
    expect(await one?.getOrSet([1], () => 'first')).toBe('first')
    await until(async () => (await stage.redis.command('EXISTS', one?.keyOf([1]) as string)) === 0)
    expect(await other?.getOrSet([1], () => 'second')).toBe('second')
    expect(waits).toEqual([])
    await until(async () => (await stage.redis.command('EXISTS', one?.keyOf([1]) as string)) === 0)
  })

  test('waiters wake when the value arrives: no poll is needed', async () => {
    const [one] = await nodes(1)
    const { rows, waits } = await standingWaiter()
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const first = one?.getOrSet([1], db.reading(1))
    await until(() => db.reads.length === 1)
    const second = rows.getOrSet([1], db.reading(1))
    await until(() => waits.length === 1)
    release()
    expect([await first, await second]).toEqual(['row', 'row'])
  })

  test('a wake message that gets lost costs a poll, not the lease', async () => {
    const [one] = await nodes(1, { leaseTime: '20s' })
    const { clock, proxy, rows, waits } = await standingWaiter({ leaseTime: '20s', callBudget: '20s' })
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const first = one?.getOrSet([1], db.reading(1))
    await until(() => db.reads.length === 1)
    await proxy.inject({ kind: 'hang', direction: 'down', connections: (each) => each.sent('SUBSCRIBE') })
    const second = rows.getOrSet([1], db.reading(1))
    await until(() => waits.length === 1)
    release()
    await first
    await cacheOf(one).drain()
    await clock.advanceAsync(250 * 1.25)
    expect(await second).toBe('row')
    expect(db.reads.length).toBe(1)
  })

  test('nothing is published for a fill that nobody waits for, and one message for one that somebody does', async () => {
    const [one, other] = await nodes(2)
    const monitor = await stage.redis.monitor()
    const published = async () =>
      (await monitor.commands({ scripts: true })).filter(
        ({ name, args }) => name === 'PUBLISH' && args[1]?.endsWith(':wake'),
      )
    await one?.getOrSet([1], () => 'row')
    await cacheOf(one).drain()
    expect(await published()).toEqual([])
    const waits = eventsOf(cacheOf(other), 'lease-waited')
    const db = new Database([[2, 'row']])
    const release = db.hold()
    const both = [one?.getOrSet([2], db.reading(2)), undefined]
    await until(() => db.reads.length === 1)
    both[1] = other?.getOrSet([2], db.reading(2))
    await until(() => waits.length === 1)
    release()
    await Promise.all(both)
    await cacheOf(one).drain()
    expect((await published()).length).toBe(1)
  })
})

describe('C4: loads that wait for each other across processes', () => {
  test('are let go after a lease time instead of waiting for ever', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(async () => {
        const cache = await stage.node({ redis: { leaseTime: '300ms' } })
        return { a: cache.define<[], unknown>('a', { ttl: '5m' }), b: cache.define<[], unknown>('b', { ttl: '5m' }) }
      }),
    )
    let begun = 0
    const together = async () => {
      begun += 1
      await until(() => begun >= 2)
    }
    const took = await timed(async () => {
      const answers = await Promise.all([
        one?.a.getOrSet([], async () => {
          await together()
          return one.b.getOrSet([], () => 'b')
        }),
        other?.b.getOrSet([], async () => {
          await together()
          return other.a.getOrSet([], () => 'a')
        }),
      ])
      expect(answers.every((answer) => answer === 'a' || answer === 'b')).toBe(true)
    })
    expect(took).toBeLessThan(2_500)
  })

  test('batches that overlap do not block each other, and load every id once', async () => {
    const [one, other] = await nodes(2)
    const loaded: number[] = []
    const loadMany = async (missing: readonly (readonly [number])[]) => {
      loaded.push(...missing.map(([id]) => id))
      await wait(60)
      return missing.map(([id]) => `row ${id}`)
    }
    const [first, second] = await Promise.all([
      one?.getOrSetMany([[1], [2], [3]], loadMany),
      other?.getOrSetMany([[3], [2], [4]], loadMany),
    ])
    expect(first).toEqual(['row 1', 'row 2', 'row 3'])
    expect(second).toEqual(['row 3', 'row 2', 'row 4'])
    expect(loaded.toSorted()).toEqual([1, 2, 3, 4])
  })

  test('a batch whose partner elsewhere fails loads those ids itself', async () => {
    const [one, other] = await nodes(2)
    const error = new Error('database down')
    const failing = one?.getOrSetMany([[1], [2]], async () => {
      await wait(100)
      throw error
    })
    await wait(30)
    const helped = other?.getOrSetMany([[2], [3]], async (missing) => missing.map(([id]) => `row ${id}`))
    await expect(failing).rejects.toBe(error)
    expect(await helped).toEqual(['row 2', 'row 3'])
  })
})

describe('C4: without Redis', () => {
  test('there is one load per process', async () => {
    const { cache, proxy } = await stage.proxied()
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    const db = new Database([[1, 'row']])
    const values = await Promise.all(Array.from({ length: 200 }, () => cache.getOrSet('row', [1], db.reading(1))))
    expect(new Set(values)).toEqual(new Set(['row']))
    expect(db.reads.length).toBe(1)
  })
})
