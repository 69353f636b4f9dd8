import { ManualClock } from '@granary/testing'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import type { Address } from '../src/engine/remote.ts'
import { systemClock } from '../src/index.ts'
import { Fences } from '../src/invalidation/fences.ts'
import { Link } from '../src/invalidation/link.ts'
import { EVERYTHING, OutboundQueue } from '../src/invalidation/outbound-queue.ts'
import { isTripped, record, TRIP_RULE, UNTRIPPED } from '../src/redis/connection/breaker.ts'
import { CONNECTION_SETTINGS, Connection } from '../src/redis/connection/connection.ts'
import { ServerTime } from '../src/redis/connection/server-time.ts'
import { Suspects } from '../src/redis/remembered/suspects.ts'
import { useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const tag = fc.nat(30).map((n) => `tag-${n}`)
const addressOf = (n: number): Address => ({ key: `ns:row:1:${n}`, label: 'row:1', text: String(n) })

describe('C13: what a process remembers of invalidations', () => {
  test('is bounded, and what is forgotten counts as an event: never older than the truth', () => {
    fc.assert(
      fc.property(fc.array(fc.array(tag, { minLength: 1, maxLength: 4 }), { maxLength: 80 }), (events) => {
        const fences = new Fences(10)
        const truth = new Map<string, number>()
        for (const tags of events) {
          fences.advanceTags(tags)
          for (const each of tags) truth.set(each, fences.events)
          expect(fences.size).toBeLessThanOrEqual(10 + 4)
          for (const [each, last] of truth) expect(fences.lastEventOf([each])).toBeGreaterThanOrEqual(last)
          for (const each of tags) expect(fences.lastEventOf([each])).toBe(fences.events)
        }
      }),
    )
  })

  test('entries without tags are never harmed by what is forgotten', () => {
    const fences = new Fences(2)
    for (let at = 0; at < 50; at++) fences.advanceTags([`tag-${at}`])
    expect(fences.lastEventOf([])).toBe(0)
  })

  test('what is on its way is counted, and gone when it has ended as often as it began', () => {
    fc.assert(
      fc.property(fc.array(fc.array(tag, { maxLength: 3 }), { maxLength: 20 }), (scopes) => {
        const fences = new Fences()
        for (const each of scopes) fences.begin(each)
        for (const each of scopes) for (const scope of each) expect(fences.isPending(scope, [])).toBe(true)
        for (const each of scopes) fences.end(each)
        for (const each of scopes) for (const scope of each) expect(fences.isPending('', [scope])).toBe(false)
      }),
    )
  })
})

describe('C13: what a process knows of the tag records', () => {
  test('is bounded, and an entry is taken for current only when it is, or is asked for', () => {
    const message = fc.array(tag, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), tag, fc.nat(60), (messages, asked, reading) => {
        const link = new Link({ clock: new ManualClock(), maxStaleness: 1_000, limit: 8 })
        link.adopt({ incarnation: 1, tagClock: 0, sequence: 0, floor: 0, records: [], complete: true } as never)
        link.open(0)
        const truth = new Map<string, number>()
        for (const [at, members] of messages.entries()) {
          const clock = at + 1
          expect(link.deliver({ incarnation: 1, tagClock: clock, sequence: clock } as never, members)).toBe('in-order')
          for (const member of members) truth.set(member, clock)
          expect(link.size).toBeLessThanOrEqual(8 + 3)
        }
        const isAsked = link.unknown([asked], reading).length > 0
        const current = (truth.get(asked) ?? 0) <= reading
        if (!isAsked) expect(link.isCurrent([asked], reading)).toBe(current)
      }),
      { numRuns: 400 },
    )
  })
})

describe('C13: invalidations that wait for Redis', () => {
  test('coalesce, keep their bound, and lose nothing', () => {
    const step = fc.oneof(
      fc.record({ keys: fc.array(fc.nat(20), { maxLength: 6 }), members: fc.array(tag, { maxLength: 6 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 10 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = new OutboundQueue(12)
        const owed = new Set<string>()
        for (const each of steps) {
          if ('take' in each) {
            const { keys, members } = queue.take(each.take)
            expect(keys.length + members.length).toBeLessThanOrEqual(each.take)
            if (members.includes(EVERYTHING)) owed.clear()
            for (const { key } of keys) owed.delete(key)
            for (const member of members) owed.delete(member)
          } else {
            queue.add({ keys: each.keys.map(addressOf), members: each.members })
            for (const n of each.keys) owed.add(addressOf(n).key)
            for (const member of each.members) owed.add(member)
          }
          expect(queue.size).toBeLessThanOrEqual(12)
        }
        const { keys, members } = queue.take(1_000)
        if (!members.includes(EVERYTHING)) expect(new Set([...keys.map(({ key }) => key), ...members])).toEqual(owed)
        expect(queue.size).toBe(0)
      }),
    )
  })

  test('clearing the namespace takes the place of all that waits and all that comes', () => {
    const queue = new OutboundQueue()
    queue.add({ keys: [addressOf(1)], members: ['a'] })
    queue.add({ keys: [], members: [EVERYTHING] })
    queue.add({ keys: [addressOf(2)], members: ['b'] })
    expect(queue.take(10)).toEqual({ keys: [], members: [EVERYTHING] })
  })

  test('those who wait for delivery learn of it when all is sent, or that it will not come', async () => {
    const queue = new OutboundQueue()
    await queue.whenEmpty()
    queue.add({ keys: [addressOf(1)], members: [] })
    const [first, second] = [queue.whenEmpty(), queue.whenEmpty()]
    queue.settle()
    const taken = queue.take(1)
    queue.settle()
    expect(queue.pending).toBe(1)
    queue.settle(taken)
    await Promise.all([first, second])
    queue.add({ keys: [addressOf(1)], members: [] })
    const abandoned = queue.whenEmpty()
    queue.abandon()
    await expect(abandoned).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
  })
})

describe('C13: what waits for a server that does not answer', () => {
  test('is bounded on each connection: more is refused at once', async () => {
    const proxy = await stage.proxy()
    const client = new Redis(proxy.url, { ...CONNECTION_SETTINGS })
    const lost = new Promise((resolve) => client.on('end', resolve))
    const connection = await Connection.open(client as never, {
      clock: systemClock,
      patience: 5_000,
      onLost: () => {},
      slow: 1_000,
    })
    await proxy.inject({ kind: 'hang' })
    const deadline = systemClock.now() + 60_000
    const calls = Array.from({ length: 10_001 }, () => connection.call('PING', [], deadline))
    const settled = Promise.allSettled(calls)
    await expect(calls.at(-1)).rejects.toMatchObject({ reason: 'overload' })
    connection.drop((await calls.at(-1)?.catch((error) => error)) as never)
    await lost
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  })

  test('keys whose reads were not answered are remembered up to a bound', async () => {
    const suspects = new Suspects(5)
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '30ms' } })
    await proxy.inject({ kind: 'hang' })
    for (let n = 0; n < 20; n++) await cache.get('row', [n]).catch((error) => suspects.note([addressOf(n)], error))
    expect(suspects.size).toBe(0)
    const client = new Redis(proxy.url, { ...CONNECTION_SETTINGS })
    client.on('error', () => {})
    await proxy.heal()
    const connection = await Connection.open(client as never, {
      clock: systemClock,
      patience: 5_000,
      onLost: () => {},
      slow: 1_000,
    })
    await proxy.inject({ kind: 'hang' })
    for (let n = 0; n < 20; n++) {
      const read = connection.call('GET', ['k'], systemClock.now() + 1)
      await read.catch((error) => suspects.note([addressOf(n)], error))
      if (n === 0) expect(suspects.has(addressOf(0).key)).toBe(true)
      expect(suspects.size).toBeLessThanOrEqual(5)
    }
    client.disconnect()
  })
})

describe('C7: the breaker', () => {
  const outcome = fc.constantFrom('ok' as const, 'slow', 'failed')
  const play = (outcomes: readonly ('ok' | 'slow' | 'failed')[]) =>
    outcomes.reduce((state, each) => record(state, each), UNTRIPPED)

  test('opens after three failures in a row', () => {
    expect(isTripped(play(['failed', 'failed']))).toBe(false)
    expect(isTripped(play(['failed', 'failed', 'failed']))).toBe(true)
    expect(isTripped(play(['failed', 'failed', 'ok', 'failed', 'failed']))).toBe(false)
  })

  test('opens when half of the last twenty failed, and slow is half a failure', () => {
    const mixed = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 'failed' : 'ok') as 'failed' | 'ok')
    expect(isTripped(play(mixed))).toBe(true)
    expect(isTripped(play(mixed.slice(0, 19)))).toBe(false)
    expect(isTripped(play(Array.from({ length: 20 }, () => 'slow' as const)))).toBe(true)
    expect(isTripped(play(Array.from({ length: 19 }, () => 'slow' as const)))).toBe(false)
  })

  test('agrees with its rule over any history, remembers no more than its window, and forgets when all is well', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 100 }), (outcomes) => {
        const state = play(outcomes)
        expect(state.weights.length).toBeLessThanOrEqual(TRIP_RULE.window)
        const last = outcomes.slice(-TRIP_RULE.consecutive)
        if (last.length === TRIP_RULE.consecutive && last.every((each) => each === 'failed'))
          expect(isTripped(state)).toBe(true)
        if (outcomes.every((each) => each === 'ok')) expect(state).toBe(UNTRIPPED)
        expect(play([...outcomes, ...Array.from({ length: 20 }, () => 'ok' as const)])).toEqual(UNTRIPPED)
      }),
    )
  })
})

describe("the server's clock", () => {
  test('is known within half of the shortest round trip, whatever the clocks of the two machines say', () => {
    const exchange = fc.record({ up: fc.nat(200), down: fc.nat(200) })
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.array(exchange, { minLength: 1, maxLength: 20 }),
        (skew, exchanges) => {
          const time = new ServerTime()
          let now = 1_000
          for (const { up, down } of exchanges) {
            const sentAt = now
            time.learn(sentAt + up + skew, sentAt, sentAt + up + down)
            now = sentAt + up + down + 1
          }
          const shortest = Math.min(...exchanges.map(({ up, down }) => up + down))
          expect(Math.abs(time.toServer(now) - (now + skew))).toBeLessThanOrEqual(shortest / 2)
          expect(time.toLocal(time.toServer(now))).toBeCloseTo(now, 3)
        },
      ),
    )
  })

  test('an old estimate gives way to a new one, because clocks drift', () => {
    const time = new ServerTime()
    time.learn(1_000, 1_000, 1_000)
    time.learn(71_500, 71_000, 71_200)
    expect(time.toServer(71_200)).toBe(71_600)
  })
})
