import { setTimeout as wait } from 'node:timers/promises'
import { startRedis } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, type Clock, createCache, systemClock } from '../src/index.ts'
import { RECORDS } from '../src/redis/script/metadata-scripts.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { type Member, useFleet } from './stage/member.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { delivered, timed, until, useRedis } from './stage/redis-stage.ts'
import { StandingClock } from './stage/standing-clock.ts'

const stage = useRedis()
const POLICY = { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] } as const
const rowsOf = (cache: Cache) => cache.define<[number], unknown>('row', POLICY)
const subscriber = (connection: { sent(command: string): boolean }) => connection.sent('SUBSCRIBE')

/** Waits until a row is in memory: the link may just have been renewed when it was read first. */
async function keptInMemory(cache: Cache, id: number): Promise<void> {
  await until(async () => {
    await rowsOf(cache).getOrSet([id], () => 'old')
    await cache.drain()
    return rowsOf(cache).peek([id]) !== undefined
  })
}

describe('C6: a process that was frozen', () => {
  const fleet = useFleet(() => stage.redis.url, 2, { maxStaleness: '500ms' })

  test('does not serve from memory what was invalidated meanwhile, not even before it reads its sockets again', async () => {
    const [frozen, writer] = fleet.members as [Member, Member]
    let version = 0
    fleet.load = async () => version
    const watching = frozen.watch(1, 3_500)
    await wait(700)
    frozen.pause()
    version = 1
    await writer.delete(1)
    const invalidatedAt = Date.now()
    await wait(1_000)
    frozen.resume()
    const sightings = await watching
    expect(sightings.some(({ value, tier }) => value === 0 && tier === 'l1')).toBe(true)
    expect(sightings.at(-1)).toMatchObject({ value: 1, tier: 'l1' })
    const late = sightings.filter(({ value, last }) => value === 0 && last > invalidatedAt + 500)
    expect(late).toEqual([])
  })

  test('the age of what is served never exceeds maxStaleness, however many writes there are', async () => {
    const [reader, writer] = fleet.members as [Member, Member]
    let version = 100
    const known = new Map<number, number>()
    fleet.load = async () => version
    const watching = reader.watch(2, 1_500)
    const endAt = Date.now() + 1_300
    while (Date.now() < endAt) {
      version += 1
      await writer.delete(2)
      known.set(version, Date.now())
      await wait(10)
    }
    for (const { value, last } of await watching) {
      const replacedAt = known.get((value as number) + 1)
      if (replacedAt !== undefined) expect(last - replacedAt).toBeLessThanOrEqual(500)
    }
    expect(known.size).toBeGreaterThan(10)
  })
})

/** Counts an invalidation whose message nobody gets. */
async function loseOneMessage(): Promise<void> {
  const key = `{${stage.namespace}}:clk`
  const [incarnation, tags, sequence, ...rest] = String(await stage.redis.command('GET', key)).split(':')
  await stage.redis.command('SET', key, [incarnation, tags, Number(sequence) + 1, ...rest].join(':'))
}

/** A node whose proof of memory, good for ten seconds, ages only when the test says so. */
const STALENESS = 10_000
async function standingNode() {
  const clock = new StandingClock()
  const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '10s', redis: { callBudget: '20s' } })
  await keptInMemory(cache, 1)
  return { clock, cache, proxy, rows: rowsOf(cache) }
}

/** Waits until the last heartbeat has been answered, and the next one is due a third of `maxStaleness` later. */
async function beaten(clock: StandingClock): Promise<void> {
  await until(() => clock.delays.some((delay) => Math.abs(delay - STALENESS / 3) < 1))
  clock.delays.splice(0)
}

/** Memory is served to the last millisecond of the proof, and not one longer. */
async function expectServedUntilProofEnds({ clock, rows }: Awaited<ReturnType<typeof standingNode>>): Promise<void> {
  await clock.advanceAsync(STALENESS - 1)
  expect(rows.peek([1])).toBe('old')
  await clock.advanceAsync(1)
  expect(rows.peek([1])).toBeUndefined()
}

describe('C6: a link that is not what it seems', () => {
  test('a bus that goes silent is found by the heartbeat: memory is served no longer than maxStaleness', async () => {
    const node = await standingNode()
    const { clock, proxy, rows } = node
    const other = await stage.node()
    await proxy.inject({ kind: 'black-hole', direction: 'down', connections: subscriber })
    rowsOf(other)
    await other.delete('row', [1])
    await expectServedUntilProofEnds(node)
    expect(await clock.advanceUntilSettled(rows.getOrSet([1], () => 'new'))).toBe('new')
    await proxy.heal()
    // Time goes on: the link that has no proof may still have to be noticed and made anew.
    await clock.until(() => {
      void rows.getOrSet([2], () => 'old')
      return rows.peek([2]) !== undefined
    })
  })

  test('one lost message is found when the next one arrives', async () => {
    const cache = await stage.node({ maxStaleness: '30s' })
    const other = await stage.node({ maxStaleness: '30s' })
    await keptInMemory(cache, 1)
    const lost = new Promise<unknown>((resolve) => cache.on('redis-lost', ({ cause }) => resolve(cause)))
    await loseOneMessage()
    expect(rowsOf(cache).peek([1])).toBe('old')
    await other.delete('row', [2])
    expect(String(await lost)).toContain('missed')
    expect(rowsOf(cache).peek([1])).toBeUndefined()
    await until(() => cache.health().redis === 'open')
  })

  test('one lost message is found although no other follows', async () => {
    const node = await standingNode()
    await loseOneMessage()
    await expectServedUntilProofEnds(node)
    await node.clock.until(() => node.cache.health().redis === 'open')
  })

  test('a data connection that is silent one way is given up, and memory with it', async () => {
    const node = await standingNode()
    await node.proxy.inject({ kind: 'hang', direction: 'down', connections: (each) => !subscriber(each) })
    await expectServedUntilProofEnds(node)
    expect(await node.clock.advanceUntilSettled(node.rows.getOrSet([1], () => 'new'))).toBe('new')
  })

  test('while the link is not proven, reads go to Redis, and their answers do not stay in memory', async () => {
    const other = await stage.node()
    await rowsOf(other).getOrSet([2], () => 'row')
    await other.drain()
    const { clock, cache, proxy, rows } = await standingNode()
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    await other.invalidateTags(['something'])
    await clock.advanceAsync(STALENESS)
    expect(rows.peek([1])).toBeUndefined()
    expect(cache.health().redis).toBe('open')
    const entries = cache.stats().entries
    let seen: unknown
    cache
      .observe(() => rows.getOrSet([2], () => 'loaded'))
      .then((observed) => {
        seen = observed
      })
    await clock.until(() => seen !== undefined, 1)
    expect(seen).toMatchObject({ value: 'row', tier: 'l2' })
    expect(cache.stats().entries).toBe(entries)
    await proxy.heal()
    await clock.until(() => cache.health().redis === 'open')
  })

  test('a subscriber that stays silent is replaced, and memory is served again', async () => {
    const { clock, cache, proxy, rows } = await standingNode()
    const other = await stage.node()
    await beaten(clock)
    const silent = proxy.connections.filter(subscriber).map(({ index }) => index)
    await proxy.inject({ kind: 'hang', direction: 'down', connections: silent })
    await other.invalidateTags(['something'])
    const lost = new Promise<unknown>((resolve) => cache.on('redis-lost', ({ cause }) => resolve(cause)))
    await clock.advanceAsync(STALENESS / 3 + 1)
    // The heartbeat was sent a millisecond ago, and now waits for the bus: its command has a timer of the whole time.
    await until(() => clock.delays.some((delay) => delay > STALENESS - 2 && delay < STALENESS))
    await clock.advanceAsync(STALENESS)
    expect(String(await lost)).toContain('silent')
    await clock.until(() => {
      void rows.getOrSet([1], () => 'old')
      return rows.peek([1]) === 'old'
    })
  })

  test('a heartbeat keeps an idle process fresh: memory is still served after many times maxStaleness', async () => {
    const { clock, cache, rows } = await standingNode()
    for (let beat = 0; beat < 15; beat++) {
      await beaten(clock)
      await clock.advanceAsync(STALENESS / 3 + 1)
      expect(rows.peek([1])).toBe('old')
    }
    expect(cache.stats().loads).toBe(1)
  })

  test('a message that nobody of ours wrote is not believed, and memory is emptied', async () => {
    const cache = await stage.node()
    await keptInMemory(cache, 1)
    const lost = new Promise((resolve) => cache.on('redis-lost', resolve))
    await stage.redis.command('PUBLISH', `{${stage.namespace}}:bus`, 'hello')
    await lost
    expect(rowsOf(cache).peek([1])).toBeUndefined()
    await until(() => cache.health().redis === 'open')
    await keptInMemory(cache, 1)
  })

  test('a wake message that nobody of ours wrote harms nobody', async () => {
    const cache = await stage.node()
    await keptInMemory(cache, 1)
    for (const message of ['', 'x', 'snope', '\u0000\u0001'])
      await stage.redis.command('PUBLISH', `{${stage.namespace}}:wake`, message)
    await delivered(await stage.node(), cache)
    expect(rowsOf(cache).peek([1])).toBe('old')
  })
})

describe('C6: entering and leaving', () => {
  test('memory is emptied on leaving, and again on entering: what was kept in between is not believed', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const other = await stage.node()
    await keptInMemory(cache, 1)
    expect(cache.stats().entries).toBe(1)
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    expect(cache.stats().entries).toBe(0)
    await rowsOf(cache).getOrSet([1], () => 'old')
    await other.delete('row', [1])
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
    expect(await rowsOf(cache).getOrSet([1], () => 'new')).toBe('new')
  })

  test('memory that outage.serveL1For kept in use is not believed once Redis is back', async () => {
    const { cache, proxy } = await stage.proxied({ outage: { serveL1For: '30s' }, redis: { callBudget: '100ms' } })
    const other = await stage.node()
    await keptInMemory(cache, 1)
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    expect(rowsOf(cache).peek([1])).toBe('old')
    await other.delete('row', [1])
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
    expect(await rowsOf(cache).getOrSet([1], () => 'new')).toBe('new')
  })

  test('a load that began before the link was lost does not stay in memory after it is back', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const other = await stage.node()
    let release = (_: string) => {}
    const early = rowsOf(cache).getOrSet([1], () => new Promise((resolve) => (release = resolve)))
    await until(() => cache.stats().loads === 1)
    proxy.drop()
    await until(() => cache.health().redis !== 'open')
    await other.delete('row', [1])
    await until(() => cache.health().redis === 'open')
    release('old')
    await early
    await cache.drain()
    expect(rowsOf(cache).peek([1])).toBeUndefined()
    expect(await rowsOf(cache).getOrSet([1], () => 'new')).toBe('new')
  })

  test('a server that restarts with old data revives nothing, in any process', async () => {
    const server = await startRedis({ persist: true })
    onTestFinished(() => server.stop())
    const open = async () => {
      const cache = createCache({ namespace: 'app', redis: server.url, logger: new LogRecorder('error') })
      onTestFinished(() => cache.close())
      await cache.ready()
      return cache
    }
    const [one, other] = [await open(), await open()]
    const rows = rowsOf(one)
    await rows.getOrSet([1], () => 'old')
    await rows.getOrSet([2], () => 'old')
    await one.drain()
    await server.command('SAVE')
    await one.delete('row', [1])
    await other.invalidateTags(['row:2'])
    await server.kill()
    await server.restart()
    expect(await server.command('EXISTS', rows.keyOf([1]), rows.keyOf([2]))).toBe(2)
    await until(() => one.health().redis === 'open' && other.health().redis === 'open')
    const newcomer = await open()
    for (const cache of [one, other, newcomer])
      for (const id of [1, 2]) expect(await rowsOf(cache).get([id])).toBeUndefined()
    expect(await rowsOf(newcomer).getOrSet([1], () => 'new')).toBe('new')
  })

  test('frames that another life of the server wrote are replaced by the next load', async () => {
    const server = await startRedis({ persist: true })
    onTestFinished(() => server.stop())
    const cache = createCache({ namespace: 'app', redis: server.url, logger: new LogRecorder('error') })
    onTestFinished(() => cache.close())
    await cache.ready()
    await rowsOf(cache).getOrSet([1], () => 'old')
    await cache.drain()
    await server.restart()
    await until(() => cache.health().redis === 'open')
    expect(await rowsOf(cache).getOrSet([1], () => 'new')).toBe('new')
    await cache.drain()
    const other = createCache({ namespace: 'app', redis: server.url, logger: new LogRecorder('error') })
    onTestFinished(() => other.close())
    await other.ready()
    expect(await rowsOf(other).get([1])).toBe('new')
  })
})

describe('C6: clocks of processes play no part', () => {
  test('ttls follow the server in Redis, invalidations follow no clock at all', async () => {
    const skewed = (ms: number): Clock => ({
      now: () => systemClock.now() + ms,
      wall: () => systemClock.wall() - 3 * ms,
      schedule: systemClock.schedule,
    })
    const [one, other] = [await stage.node({ clock: skewed(86_400_000) }), await stage.node({ clock: skewed(-50_000) })]
    const policy = { ttl: '1500ms', jitter: 0, tags: ['t'] } as const
    const [here, there] = [one, other].map((cache) => cache.define<[number], string>('row', policy))
    await here?.getOrSet([1], () => 'old')
    await one.drain()
    const seen = await other.observe(() => there?.getOrSet([1], () => 'loaded') as Promise<string>)
    expect(seen).toMatchObject({ value: 'old', tier: 'l2' })
    expect(seen.age).toBeLessThan(1_500)
    await other.invalidateTags(['t'])
    await delivered(other, one)
    expect(await here?.getOrSet([1], () => 'new')).toBe('new')
    await one.drain()
    expect(await there?.getOrSet([1], () => 'loaded')).toBe('new')
    await wait(1_550)
    expect([await here?.get([1]), await there?.get([1])]).toEqual([undefined, undefined])
  })
})

describe("C6: consistency 'strong'", () => {
  test('every read is answered by Redis or a load, exact at once on every node, bus or no bus', async () => {
    const { cache, proxy } = await stage.proxied({ maxStaleness: '30s' })
    const other = await stage.node()
    const strong = { ttl: '5m', consistency: 'strong', tags: ['t'] } as const
    const [here, there] = [cache, other].map((each) => each.define<[number], number>('strong', strong))
    let version = 0
    await here?.getOrSet([1], () => version)
    await cache.drain()
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    for (let round = 0; round < 5; round++) {
      version += 1
      await (round % 2 === 0 ? there?.delete([1]) : other.invalidateTags(['t']))
      expect(await here?.getOrSet([1], () => version)).toBe(version)
      await cache.drain()
    }
    expect(cache.stats().entries).toBe(0)
  })

  test('many callers of one cold key still cost one load', async () => {
    const cache = await stage.node()
    const strong = cache.define<[number], number>('strong', { ttl: '5m', consistency: 'strong' })
    let loads = 0
    const values = await Promise.all(
      Array.from({ length: 20 }, () =>
        strong.getOrSet([1], async () => {
          loads += 1
          await wait(50)
          return loads
        }),
      ),
    )
    expect(loads).toBe(1)
    expect(new Set(values)).toEqual(new Set([1]))
  })
})

describe("C6: consistency 'strong' while Redis is away", () => {
  test('callers share loads: one that runs already is waited for, and all who waited share the next', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const strong = cache.define<[number], number>('strong', { ttl: '5m', consistency: 'strong' })
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    let version = 0
    let release = () => {}
    const load = async () => {
      const seen = version
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return seen
    }
    const first = strong.getOrSet([1], load)
    await until(() => cache.stats().loads === 1)
    version = 1
    const others = Array.from({ length: 20 }, () => strong.getOrSet([1], load))
    await wait(20)
    expect(cache.stats().loads).toBe(1)
    release()
    await until(() => cache.stats().loads === 2)
    release()
    expect([await first, ...(await Promise.all(others))]).toEqual([0, ...others.map(() => 1)])
    expect(cache.stats().loads).toBe(2)
  })

  test('a load that fails fails its own callers; those who waited load once more', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const strong = cache.define<[number], string>('strong', { ttl: '5m', consistency: 'strong' })
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    const first = strong.getOrSet([1], () => wait(30).then(() => Promise.reject(new Error('first'))))
    await until(() => cache.stats().loads === 1)
    const others = [1, 2, 3].map(() => strong.getOrSet([1], () => 'second'))
    await expect(first).rejects.toThrow('first')
    expect(await Promise.all(others)).toEqual(['second', 'second', 'second'])
    expect(cache.stats().loads).toBe(2)
  })
})

describe('C6: what it costs', () => {
  test('the invalidating process is fresh at once, the others as soon as the message is there', async () => {
    const [one, other] = [await stage.node(), await stage.node()]
    await keptInMemory(one, 1)
    await keptInMemory(other, 1)
    const arrival = timed(() => new Promise<void>((resolve) => other.on('invalidation-received', () => resolve())))
    await one.delete('row', [1])
    expect(rowsOf(one).peek([1])).toBeUndefined()
    expect(await arrival).toBeLessThan(1_000)
    expect(rowsOf(other).peek([1])).toBeUndefined()
  })
})

test('a read that waited for the bus does not return what was invalidated meanwhile, though Redis had said before that it stands', async () => {
  const clock = new StandingClock()
  const { cache: here, proxy } = await stage.proxied({ clock, maxStaleness: '1h', redis: { callBudget: '20s' } })
  const there = await stage.node()
  await rowsOf(there).getOrSet([1], () => 'old')
  await there.drain()
  await stage.redis.command('SCRIPT', 'LOAD', RECORDS.source)
  const heard = eventsOf(here, 'invalidation-received')
  const silence = await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
  await there.invalidateTags(['another'])
  const [waits, asked] = [clock.delays.length, proxy.commands.length]
  const reading = rowsOf(here).get([1])
  // It has learned from Redis that a message is on its way, and waits for it.
  await until(() => clock.delays.slice(waits).includes(5))
  const delay = await proxy.inject({
    kind: 'hang',
    direction: 'down',
    connections: (connection) => !subscriber(connection),
  })
  await clock.advanceAsync(5)
  await until(() => proxy.commands.slice(asked).some(({ name }) => name === 'EVALSHA'))
  await there.invalidateTags(['row:1'])
  await silence.lift()
  await until(() => heard.length === 2)
  await delay.lift()
  expect(await reading).toBeUndefined()
})

test('a value whose commit Redis refused does not stay in memory, though no message said why', async () => {
  const cache = await stage.node()
  let end: (value: string) => void = () => {}
  const loading = rowsOf(cache).getOrSet([1], () => new Promise<string>((resolve) => (end = resolve)))
  const key = rowsOf(cache).keyOf([1])
  await until(async () => (await stage.redis.command('EXISTS', key)) === 1)
  // Another program takes the lease away.
  await stage.redis.command('DEL', key)
  const [rejected, stored] = [eventsOf(cache, 'commit-rejected'), eventsOf(cache, 'entry-stored')]
  end('old')
  expect(await loading).toBe('old')
  await until(() => rejected.length === 1)
  expect(stored).toMatchObject([{ tier: 'l1' }])
  expect(rowsOf(cache).peek([1])).toBeUndefined()
})
