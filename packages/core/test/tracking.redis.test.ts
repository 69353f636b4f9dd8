import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, createCache, type Duration } from '../src/index.ts'
import { Asides } from '../src/invalidation/asides.ts'
import { Database } from './stage/database.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
type Sent = { sent(command: string): boolean }
const subscriber = (connection: Sent) => connection.sent('SUBSCRIBE')
const data = (connection: Sent) => connection.sent('MGET')

const rowsOf = (cache: Cache) =>
  cache.define<[number], unknown>('row', { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] })

/** A cache that tracks, with a row in memory; what is written meanwhile is another program's. */
async function scene({ maxStaleness = '30s' as Duration, proxied = false } = {}) {
  const options = { coherence: 'tracking', maxStaleness, redis: { callBudget: '1s' } } as const
  const { cache, proxy } = proxied
    ? await stage.proxied(options)
    : { cache: await stage.node(options), proxy: undefined }
  const db = new Database<unknown>([[1, 'old']])
  const rows = rowsOf(cache)
  const read = () => rows.getOrSet([1], db.reading(1))
  const tierOf = async () => (await cache.observe(read)).tier
  await keep()
  return { cache, proxy: proxy as NonNullable<typeof proxy>, rows, key: rows.keyOf([1]), db, read, tierOf, keep }

  /** Memory has the row, and nothing is being looked at any more. */
  async function keep(): Promise<void> {
    await read()
    await cache.drain()
    await wait(20)
    await until(async () => (await tierOf()) === 'l1')
  }
}

describe("C6: coherence 'tracking': writes by other programs reach memory", () => {
  test.each([
    ['DEL', (key: string) => ['DEL', key]],
    ['UNLINK', (key: string) => ['UNLINK', key]],
    ['SET', (key: string) => ['SET', key, 'something else']],
    ['an expiry that is set', (key: string) => ['PEXPIRE', key, '1']],
    ['RENAME', (key: string) => ['RENAME', key, `${key}-renamed`]],
    ['FLUSHDB', () => ['FLUSHDB']],
    ['FLUSHALL', () => ['FLUSHALL']],
  ])('%s', async (_, commandOf) => {
    const { cache, db, key, read } = await scene()
    db.rows.set(1, 'new')
    await stage.redis.command(...(commandOf(key) as [string, ...string[]]))
    await wait(2)
    await stage.redis.command('EXISTS', key)
    await until(() => cache.peek('row', [1]) === undefined)
    expect(await read()).toBe('new')
  })

  test('a script of another program, and one program after the other: every copy is watched again', async () => {
    const { cache, db, key, keep } = await scene()
    for (let round = 0; round < 5; round++) {
      db.rows.set(1, `row ${round}`)
      await stage.redis.command('EVAL', "return redis.call('DEL', KEYS[1])", '1', key)
      await until(() => cache.peek('row', [1]) === undefined)
      await keep()
      expect(cache.peek('row', [1])).toBe(`row ${round}`)
    }
  })

  test('a large value, which is read over a connection of its own, is watched too', async () => {
    const { cache, db, key, keep } = await scene()
    db.rows.set(
      1,
      Array.from({ length: 20_000 }, (_, at) => `line ${at * 7919}`),
    )
    await cache.delete('row', [1])
    await keep()
    await stage.redis.command('DEL', key)
    await until(() => cache.peek('row', [1]) === undefined)
  })

  test("with the bus alone nobody hears of them: that is what 'tracking' is for", async () => {
    const cache = await stage.node()
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => 'old')
    await cache.drain()
    await stage.redis.command('DEL', rows.keyOf([1]))
    await wait(100)
    expect(rows.peek([1])).toBe('old')
  })

  test('a memory that has 300 rows forgets those that were written, and keeps the others', async () => {
    const { cache, rows } = await scene()
    const ids = Array.from({ length: 300 }, (_, at) => at + 100)
    await until(async () => {
      await Promise.all(ids.map((id) => rows.getOrSet([id], () => `row ${id}`)))
      await cache.drain()
      await wait(20)
      return ids.every((id) => rows.peek([id]) !== undefined)
    })
    await stage.redis.command('DEL', ...ids.filter((id) => id % 3 === 0).map((id) => rows.keyOf([id])))
    await until(() => ids.every((id) => (rows.peek([id]) === undefined) === (id % 3 === 0)))
  })
})

describe("C6: coherence 'tracking': a push is a suspicion", () => {
  test('what an early refresh writes into a frame does not empty anybody', async () => {
    const { cache, key } = await scene()
    const before = cache.stats().loads
    for (let round = 0; round < 3; round++) {
      await stage.redis.command('SETRANGE', key, '4', '12345678')
      await stage.redis.command('PEXPIRE', key, '200000')
      await wait(20)
      await until(() => cache.peek('row', [1]) === 'old')
    }
    expect(cache.stats().loads).toBe(before)
    await stage.redis.command('DEL', key)
    await until(() => cache.peek('row', [1]) === undefined)
  })

  test('a refresh by one process leaves the copies of the others in place until its value is there', async () => {
    const options = { coherence: 'tracking', maxStaleness: '30s' } as const
    const [one, other] = [await stage.node(options), await stage.node(options)]
    const policy = { ttl: '20s', jitter: 0 } as const
    const here = one.define<[number], string>('early', { ...policy, refreshAhead: 0.01 })
    const there = other.define<[number], string>('early', policy)
    await here.getOrSet([1], () => 'first')
    await one.drain()
    await until(async () => (await there.getOrSet([1], () => 'never')) === 'first' && there.peek([1]) === 'first')
    let release = (_: string) => {}
    const value = new Promise<string>((resolve) => {
      release = resolve
    })
    // A hundredth of its life is over; a second call might join the refresh, and wait for it.
    await wait(400)
    await here.getOrSet([1], () => value)
    await until(() => one.stats().loads === 2)
    await wait(30)
    await until(() => there.peek([1]) === 'first')
    release('second')
    await one.drain()
    await until(() => there.peek([1]) === undefined)
    expect(await there.getOrSet([1], () => 'never')).toBe('second')
  })

  test('own commits are recognised: what was loaded stays in memory', async () => {
    const { cache, rows } = await scene()
    for (let id = 10; id < 40; id++) await rows.getOrSet([id], () => id)
    await cache.drain()
    await wait(30)
    for (let id = 10; id < 40; id++) await until(() => rows.peek([id]) === id)
    expect(cache.stats().loads).toBe(31)
  })

  test('one that comes while the frame is being looked at makes the answer worthless', async () => {
    const { cache, proxy, key } = await scene({ proxied: true })
    await proxy.inject({ kind: 'delay', ms: 60, direction: 'down', connections: data })
    await stage.redis.command('PEXPIRE', key, '250000')
    await wait(20)
    await stage.redis.command('DEL', key)
    await wait(150)
    expect(cache.peek('row', [1])).toBeUndefined()
  })

  test('copies kept aside are bounded, and an invalidation forgets them', () => {
    const asides = new Asides(2)
    const aside = (key: string) => ({
      address: { key, label: 'row:1', text: key },
      segment: undefined as never,
      copy: undefined,
      flight: undefined,
      pushes: 0,
    })
    const first = aside('a')
    expect([asides.add(first), asides.add(aside('b')), asides.add(aside('c'))]).toEqual([true, true, false])
    asides.forget('a')
    expect([asides.take(first), asides.size]).toEqual([false, 1])
  })
})

describe("C6: coherence 'tracking': a copy kept aside while Redis is asked whether it still stands", () => {
  const LARGE = randomBytes(40_000).toString('base64')

  /** A process whose copy of a row is aside: Redis has said that it stands, and the answer has not come. */
  async function aside(value: string) {
    const { cache, proxy } = await stage.proxied({
      coherence: 'tracking',
      maxStaleness: '1h',
      redis: { callBudget: '1m' },
    })
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => value)
    await cache.drain()
    await until(() => rows.peek([1]) === value)
    const small = cache.define<[number], string>('small', { ttl: '5m' })
    await small.get([1])
    const silence = await proxy.inject({ kind: 'hang', direction: 'down', connections: [0] })
    proxy.forget()
    await stage.redis.command('PEXPIRE', rows.keyOf([1]), '250000')
    await until(() => rows.peek([1]) === undefined)
    await until(() => proxy.commands.some(({ name }) => name === 'GETRANGE'))
    /** What was asked for later has been answered, so the head of the frame has, too. */
    const answered = async () => {
      const later = small.get([2])
      await silence.lift()
      await later
    }
    return { cache, proxy, rows, answered }
  }

  test('comes back', async () => {
    const { rows, answered } = await aside('old')
    await answered()
    expect(rows.peek([1])).toBe('old')
  })

  test.each([
    ['its tag', (other: Cache) => other.invalidateTags(['row:1'])],
    ['its name', (other: Cache) => other.clear('row')],
  ])('does not come back when %s was invalidated meanwhile: its frame still stands', async (_, invalidate) => {
    const { cache, rows, answered } = await aside('old')
    const heard = eventsOf(cache, 'invalidation-received')
    await invalidate(await stage.node())
    await until(() => heard.length === 1)
    await answered()
    expect(rows.peek([1])).toBeUndefined()
  })

  test('does not come back in the place of what was read after it', async () => {
    const { proxy, rows, answered } = await aside(LARGE)
    const silence = await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    await rowsOf(await stage.node()).set([1], `${LARGE}, and newer`)
    // Large values have a connection of their own.
    expect(await rows.getOrSet([1], () => 'never')).toBe(`${LARGE}, and newer`)
    await answered()
    expect(rows.peek([1])).toBe(`${LARGE}, and newer`)
    await silence.lift()
  })
})

describe("C6: coherence 'tracking': races", () => {
  test('a push that arrives before the reply of the read it is about: the reply does not stay in memory', async () => {
    const { cache, proxy, key, rows, db } = await scene({ proxied: true })
    await cache.delete('row', [1])
    const other = await stage.node()
    await rowsOf(other).getOrSet([1], () => 'old')
    await other.drain()
    await proxy.inject({ kind: 'delay', ms: 80, direction: 'down', connections: data })
    db.rows.set(1, 'new')
    const early = rows.getOrSet([1], db.reading(1))
    await wait(30)
    await stage.redis.command('DEL', key)
    expect(await early).toBe('old')
    await proxy.heal()
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(await rows.getOrSet([1], db.reading(1))).toBe('new')
  })

  test('a load during which another program deletes the key is not kept, nor joined by those who come after', async () => {
    const { cache, key, rows, db } = await scene()
    await cache.delete('row', [1])
    const release = db.hold()
    const early = rows.getOrSet([1], db.reading(1))
    await until(() => db.reads.length === 2)
    db.rows.set(1, 'new')
    await wait(20)
    await stage.redis.command('DEL', key)
    await wait(50)
    const late = rows.getOrSet([1], db.reading(1))
    await wait(10)
    release()
    expect([await early, await late]).toEqual(['old', 'new'])
    await cache.drain()
    expect(await rows.getOrSet([1], db.reading(1))).toBe('new')
  })

  test('callers of one cold key still share one load, and its own lease does not part them', async () => {
    const { cache, rows } = await scene()
    let loads = 0
    const load = async () => {
      loads += 1
      await wait(60)
      return loads
    }
    const first = rows.getOrSet([2], load)
    await wait(30)
    const others = Array.from({ length: 10 }, () => rows.getOrSet([2], load))
    expect(await Promise.all([first, ...others])).toEqual(Array.from({ length: 11 }, () => 1))
    await cache.drain()
    expect(loads).toBe(1)
  })

  test('a load whose outcome in Redis is not known does not stay in memory: nobody would tell of its end', async () => {
    const { cache, proxy, rows } = await scene({ proxied: true })
    await rows.getOrSet([2], async () => {
      await proxy.inject({ kind: 'refuse' })
      return 'loaded'
    })
    await cache.drain()
    expect(rows.peek([2])).toBeUndefined()
  })
})

describe('coherence: the option', () => {
  test('anything else is refused', () => {
    expect(() => createCache({ coherence: 'eventual' as never })).toThrow(
      /coherence: 'eventual'.*'bus', 'tracking' or 'acknowledged'/,
    )
  })

  test('without Redis there is nobody to follow, and memory is served', async () => {
    const cache = createCache({ coherence: 'tracking' })
    onTestFinished(() => cache.close())
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => 'row')
    expect(rows.peek([1])).toBe('row')
  })
})

describe("C6: coherence 'tracking': what Redis cannot tell", () => {
  test.each([
    ['data', data],
    ['subscriber', subscriber],
    ['bulk', (each: Sent) => !data(each) && !subscriber(each)],
  ])('the loss of the %s connection empties memory', async (_, which) => {
    const { cache, proxy } = await scene({ proxied: true })
    const lost = new Promise((resolve) => cache.on('redis-lost', resolve))
    proxy.drop(which as never)
    await lost
    expect(cache.peek('row', [1])).toBeUndefined()
    await until(() => cache.health().redis === 'open')
  })

  test('a subscriber that is silent is found although no invalidation is numbered: memory lags maxStaleness at most', async () => {
    const { cache, proxy, key, db, read } = await scene({ maxStaleness: '400ms', proxied: true })
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    db.rows.set(1, 'new')
    await stage.redis.command('DEL', key)
    expect(await timed(() => until(() => cache.peek('row', [1]) === undefined))).toBeLessThan(400 + 300)
    expect(await read()).toBe('new')
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
  })

  test('reads alone do not prove memory, because they do not ask the subscriber', async () => {
    const { cache, proxy, rows } = await scene({ maxStaleness: '400ms', proxied: true })
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    const giveUpAt = performance.now() + 600
    while (performance.now() < giveUpAt && cache.health().redis === 'open') {
      await rows.get([99])
      await wait(5)
    }
    expect(cache.peek('row', [1])).toBeUndefined()
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
  })

  test('keys of other names and programs are of no concern', async () => {
    const { cache } = await scene()
    for (const key of [
      'x',
      `${stage.namespace}:`,
      `${stage.namespace}:row`,
      `${stage.namespace}:row:1:`,
      'a'.repeat(1e5),
    ]) {
      await stage.redis.command('PUBLISH', '__redis__:invalidate', key)
      await stage.redis.command('SET', key, '1')
    }
    await wait(30)
    expect(cache.peek('row', [1])).toBe('old')
  })
})
