import { setTimeout as wait } from 'node:timers/promises'
import { ManualClock, startRedis } from '@granary/testing'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, createCache, systemClock } from '../src/index.ts'
import { Acknowledgements, decodeAcknowledgement } from '../src/redis/bus/acknowledgements.ts'
import { encodeTargets } from '../src/redis/bus/bus-message.ts'
import { metadataOf } from '../src/redis/metadata.ts'
import { countSuspensions } from '../src/suspension-clock.ts'
import { SILENT } from './stage/log-recorder.ts'
import { type Member, useFleet } from './stage/member.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'
import { StandingClock } from './stage/standing-clock.ts'
import { watchInvalidations } from './stage/watch-invalidations.ts'

const stage = useRedis()
type Sent = { sent(command: string): boolean }
const subscriber = (connection: Sent) => connection.sent('SUBSCRIBE')

const ACKNOWLEDGED = { coherence: 'acknowledged', maxStaleness: '1s' } as const
const POLICY = { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] } as const
const rowsOf = (cache: Cache) => cache.define<[number], unknown>('row', POLICY)

/** Memory serves the row. */
async function keep(cache: Cache, id = 1, value: unknown = 'old'): Promise<void> {
  await until(async () => {
    await rowsOf(cache).getOrSet([id], () => value)
    await cache.drain()
    return rowsOf(cache).peek([id]) !== undefined
  })
}

const WRITES: readonly (readonly [string, (cache: Cache) => Promise<unknown>])[] = [
  ['an entry', (cache) => cache.delete('row', [1])],
  ['a tag', (cache) => cache.invalidateTags(['row:1'])],
  ['a name', (cache) => cache.clear('row')],
  ['the namespace', (cache) => cache.clear()],
  ['a set', (cache) => rowsOf(cache).set([1], 'new')],
  ['a write-through', (cache) => rowsOf(cache).put([1], () => 'new')],
]

describe("the guarantee, point 3, with coherence 'acknowledged': no memory anywhere has what was invalidated", () => {
  test.each(WRITES)('when the invalidation of %s has resolved', async (_, invalidate) => {
    const nodes = await Promise.all([1, 2, 3, 4].map(() => stage.node({ ...ACKNOWLEDGED, maxStaleness: '500ms' })))
    const [writer, ...others] = nodes as [Cache, ...Cache[]]
    for (let round = 0; round < 5; round++) {
      for (const node of nodes) await keep(node)
      await invalidate(writer)
      for (const node of others) expect(rowsOf(node).peek([1])).not.toBe('old')
      await writer.delete('row', [1])
    }
  })

  test('also when the message of the bus is late: the invalidation waits for it', async () => {
    const { cache: late, proxy } = await stage.proxied(ACKNOWLEDGED)
    const writer = await stage.node(ACKNOWLEDGED)
    await graceOver(writer)
    await keep(late)
    await proxy.inject({ kind: 'delay', ms: 200, direction: 'down', connections: subscriber })
    const took = await timed(() => writer.delete('row', [1]))
    expect(late.peek('row', [1])).toBeUndefined()
    expect(took).toBeGreaterThan(150)
    expect(took).toBeLessThan(900)
  })

  test('and when a process is cut off: the invalidation waits until its lease is over, and then memory is not served there', async () => {
    const { cache: silent, proxy } = await stage.proxied(ACKNOWLEDGED)
    const writer = await stage.node(ACKNOWLEDGED)
    await graceOver(writer)
    await keep(silent)
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    const took = await timed(() => writer.delete('row', [1]))
    expect(silent.peek('row', [1])).toBeUndefined()
    expect(took).toBeGreaterThan(300)
    expect(took).toBeLessThan(1_000 + 300)
    await proxy.heal()
    await until(() => silent.health().redis === 'open')
  })

  test('nobody waits for a process that was closed', async () => {
    const [gone, writer] = [await stage.node(ACKNOWLEDGED), await stage.node(ACKNOWLEDGED)]
    await keep(gone)
    await graceOver(writer)
    await gone.close()
    expect(await timed(() => writer.delete('row', [1]))).toBeLessThan(150)
  })

  test('without a lease nothing is served from memory, and renewing it needs no message to arrive', async () => {
    const cache = await stage.node({ ...ACKNOWLEDGED, maxStaleness: '200ms' })
    await keep(cache)
    await wait(700)
    expect(rowsOf(cache).peek([1])).toBe('old')
    expect(cache.stats().loads).toBe(1)
    const lease = Number(await stage.redis.command('ZCARD', `{${stage.namespace}}:mem`))
    expect(lease).toBe(2)
  })

  test('reads of Redis do not prolong it: only the renewal makes others wait for this process', async () => {
    const { cache, proxy } = await stage.proxied({ ...ACKNOWLEDGED, maxStaleness: '300ms' })
    await keep(cache)
    await proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
    const other = await stage.node({ ...ACKNOWLEDGED, maxStaleness: '300ms' })
    await other.delete('row', [7])
    const giveUpAt = performance.now() + 200
    while (performance.now() < giveUpAt && cache.health().redis === 'open') {
      await rowsOf(cache).get([99])
      await wait(5)
    }
    expect(rowsOf(cache).peek([1])).toBeUndefined()
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
  })
})

const BEAT = 10_000 / 3

/** Knows when each renewal of a lease of ten seconds was due, which is when it was sent. */
class BeatingClock extends StandingClock {
  readonly beats: number[] = []

  override schedule(delay: number, run: () => void): () => void {
    if (delay === BEAT) this.beats.push(this.now() + delay)
    return super.schedule(delay, run)
  }
}

describe("coherence 'acknowledged': the lease", () => {
  test('is used for nineteen twentieths: the clock of the server may go that much faster', async () => {
    const clock = new BeatingClock()
    const { cache, proxy } = await stage.proxied({ ...ACKNOWLEDGED, clock, maxStaleness: '10s' })
    await clock.until(async () => {
      await rowsOf(cache).getOrSet([1], () => 'old')
      return rowsOf(cache).peek([1]) === 'old'
    })
    const known = clock.beats.length
    await clock.until(() => clock.beats.length > known, 500)
    // The last but one has been answered; the last one is to come.
    const renewed = clock.beats.at(-2) as number
    await proxy.inject({ kind: 'hang', direction: 'down' })
    await clock.advanceAsync(renewed + 9_490 - clock.now())
    expect(rowsOf(cache).peek([1])).toBe('old')
    await clock.advanceAsync(20)
    expect(rowsOf(cache).peek([1])).toBeUndefined()
  })

  test('is not given up by a message whose number says nothing: what follows a gap acknowledges nothing', async () => {
    const cache = await stage.node(ACKNOWLEDGED)
    const { acknowledgements, bus, clock } = metadataOf(stage.namespace)
    const [incarnation, tagClock, sequence] = String(await stage.redis.command('GET', clock)).split(':')
    const heard: string[] = []
    const ear = new Redis(stage.redis.url)
    onTestFinished(() => ear.disconnect())
    ear.on('message', (_, text) => heard.push(text))
    await ear.subscribe(acknowledgements('another'))
    const losses = eventsOf(cache, 'redis-lost')
    const nothing = encodeTargets({ keys: [], members: [] })
    const ahead = `${incarnation}:${tagClock}:${Number(sequence) + 1_000}:another:${nothing}`
    await stage.redis.command('PUBLISH', bus, ahead)
    await until(() => losses.length === 1)
    await until(() => cache.health().redis === 'open')
    await stage.redis.command('PUBLISH', acknowledgements('another'), 'the end')
    await until(() => heard.includes('the end'))
    expect(heard).toEqual(['the end'])
  })
})

/** The first lease time after a namespace has begun, in which every invalidation waits for processes that nobody knows. */
async function graceOver(cache: Cache): Promise<void> {
  await until(async () => (await timed(() => cache.delete('row', [999]))) < 100)
}

describe("coherence 'acknowledged': grace", () => {
  test('no invalidation resolves until a lease time has passed since the namespace began: old leases are not known', async () => {
    const cache = await stage.node(ACKNOWLEDGED)
    expect(await timed(() => cache.delete('row', [1]))).toBeGreaterThan(700)
    expect(await timed(() => cache.delete('row', [1]))).toBeLessThan(150)
  })

  test('nor after the list of members is lost', async () => {
    const [cache, other] = [await stage.node(ACKNOWLEDGED), await stage.node(ACKNOWLEDGED)]
    await keep(other)
    await graceOver(cache)
    await stage.redis.command('DEL', `{${stage.namespace}}:mem`)
    expect(await timed(() => cache.delete('row', [1]))).toBeGreaterThan(600)
    expect(rowsOf(other).peek([1])).toBeUndefined()
  })

  test('nor after a restart: a process that has not noticed may serve its memory so long, and no longer', async () => {
    const server = await startRedis({ persist: true })
    onTestFinished(() => server.stop())
    const open = async () => {
      const cache = createCache({ ...ACKNOWLEDGED, namespace: 'grace', redis: server.url, logger: SILENT })
      onTestFinished(() => cache.close())
      await cache.ready()
      return cache
    }
    const cache = await open()
    await graceOver(cache)
    await server.restart()
    await until(() => cache.health().redis === 'open')
    expect(await timed(() => cache.delete('row', [1]))).toBeGreaterThan(500)
  })
})

describe("coherence 'acknowledged': in processes of their own", { retry: 1 }, () => {
  const fleet = useFleet(() => stage.redis.url, 4, ACKNOWLEDGED)

  test('linearizable: whoever begins to read after an invalidation has resolved never sees what was before it', async () => {
    const [writer, ...readers] = fleet.members as [Member, ...Member[]]
    const { delivered, fromMemory, tooOld } = await watchInvalidations(fleet, { writer, readers, ids: [1], ms: 1_800 })
    expect(delivered).toBeGreaterThan(10)
    expect(fromMemory).toBeGreaterThan(10)
    expect(tooOld).toEqual([])
  })

  test('also while one of them is frozen and wakes up with timers that are due', async () => {
    const [writer, frozen, other] = fleet.members as [Member, Member, Member]
    const freeze = async () => {
      for (let round = 0; round < 2; round++) {
        await wait(500)
        frozen.pause()
        await wait(1_300)
        frozen.resume()
      }
    }
    const seen = await watchInvalidations(fleet, {
      writer,
      readers: [frozen, other],
      ids: [2],
      ms: 4_200,
      meanwhile: freeze,
    })
    expect(seen.longest).toBeGreaterThan(200)
    expect(seen.longest).toBeLessThan(1_000 + 400)
    expect(seen.fromMemory).toBeGreaterThan(10)
    expect(seen.tooOld).toEqual([])
  })
})

describe("coherence 'acknowledged': who is waited for", () => {
  const reading = { incarnation: 7, tagClock: 0, sequence: 5 }
  const member = (name: string, remaining = 1_000) => ({ name, remaining })

  test('everybody on the list, until they have acknowledged or their lease is over', async () => {
    const clock = new ManualClock({ now: 0 })
    const acks = new Acknowledgements(clock)
    let resolved = false
    acks.until(reading, [member('a'), member('b', 300)], clock.now()).then(() => {
      resolved = true
    })
    acks.note({ member: 'a', incarnation: 7, sequence: 4 })
    acks.note({ member: 'a', incarnation: 8, sequence: 9 })
    await clock.advanceAsync(299)
    expect(resolved).toBe(false)
    acks.note({ member: 'a', incarnation: 7, sequence: 6 })
    await clock.advanceAsync(0)
    expect(resolved).toBe(false)
    await clock.advanceAsync(1)
    expect([resolved, acks.waiting]).toEqual([true, 0])
  })

  test('an acknowledgement that came before the answer which named the member counts', async () => {
    const acks = new Acknowledgements(new ManualClock())
    acks.note({ member: 'a', incarnation: 7, sequence: 5 })
    acks.note({ member: 'a', incarnation: 7, sequence: 4 })
    await acks.until(reading, [member('a')], 0)
    expect(acks.waiting).toBe(0)
  })

  test('nobody is named: nothing is waited for', async () => {
    await new Acknowledgements(new ManualClock()).until(reading, [], 0)
  })

  test.each(['', 'a', 'a:1', 'a:1:x', ':1:2', 'a:b:1:2', 'a:1:-2'])('%j acknowledges nothing', (text) => {
    expect(decodeAcknowledgement(text)).toBeUndefined()
  })
})

describe("coherence 'acknowledged': a machine that was suspended", () => {
  test('counts the suspension as time that has passed: its lease is over', () => {
    let [now, wall] = [1_000, 50_000]
    const clock = countSuspensions({ now: () => now, wall: () => wall, schedule: systemClock.schedule }, 25)
    now += 100
    wall += 100
    expect(clock.now()).toBe(1_100)
    now += 5
    wall += 60_005
    expect(clock.now()).toBe(1_105 + 60_000)
    now += 10
    wall += 10
    expect(clock.now()).toBe(1_115 + 60_000)
  })

  test('a wall clock that is put back, or that drifts a little, changes nothing', () => {
    let [now, wall] = [0, 0]
    const clock = countSuspensions({ now: () => now, wall: () => wall, schedule: systemClock.schedule }, 25)
    for (let second = 0; second < 1_000; second++) {
      now += 1_000
      wall += 1_001
      clock.now()
    }
    wall -= 3_600_000
    expect(clock.now()).toBe(1_000_000)
  })

  test('a cache on such a clock serves nothing from memory after it', async () => {
    let skipped = 0
    const clock = { ...systemClock, wall: () => systemClock.wall() + skipped }
    const cache = await stage.node({ ...ACKNOWLEDGED, maxStaleness: '30s', clock })
    await keep(cache)
    expect(rowsOf(cache).peek([1])).toBe('old')
    skipped += 60_000
    expect(rowsOf(cache).peek([1])).toBeUndefined()
  })
})

describe("coherence 'acknowledged': the option", () => {
  test('memory without proof is not for it', () => {
    const redis = stage.redis.url
    expect(() => createCache({ coherence: 'acknowledged', outage: { serveL1For: '5s' }, redis })).toThrow(
      /outage.serveL1For.*acknowledged/,
    )
  })
})
