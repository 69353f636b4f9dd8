import { setTimeout as wait } from 'node:timers/promises'
import { ManualClock } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cache } from '../src/index.ts'
import { whenPatienceEnds } from '../src/redis/connection/attention.ts'
import { Slowness } from '../src/redis/connection/slowness.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const POLICY = { ttl: '5m' } as const
const rowsOf = (cache: Cache) => cache.define<[number], string>('row', POLICY)

/** Keeps this process busy: between any two looks at its sockets pass so many milliseconds. */
function keepBusy(ms: number): () => void {
  let isBusy = true
  const work = () => {
    const until = performance.now() + ms
    while (performance.now() < until);
    if (isBusy) setImmediate(work)
  }
  work()
  return () => {
    isBusy = false
  }
}

/** The server closes every connection that it has. */
async function closeAll(): Promise<void> {
  await stage.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await stage.redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
}

describe('C7: Redis is used again as soon as it can be', { retry: 1 }, () => {
  test('by a process that is busy all the time: its own pauses are not held against Redis', async () => {
    const cache = await stage.node({ redis: { callBudget: '200ms' } })
    const strong = cache.define<[number], string>('strong', { ttl: '5m', consistency: 'strong' })
    await strong.getOrSet([1], () => 'row')
    await cache.drain()
    let [lost, opened] = [0, 0]
    cache.on('redis-lost', () => {
      lost += 1
    })
    cache.on('redis-recovered', () => {
      opened += 1
    })
    // Longer than the budget, and than half of it, from where on an answer is slow.
    for (const pause of [220, 150]) {
      const rest = keepBusy(pause)
      onTestFinished(rest)
      const before = opened
      await closeAll()
      await until(() => opened > before, 15_000)
      const losses = lost
      // Twenty commands decide whether a connection is given up for being slow.
      for (let read = 0; read < (pause > 200 ? 4 : 21); read++) await strong.get([1])
      rest()
      expect(lost).toBe(losses)
      expect(cache.health().redis).toBe('open')
    }
  }, 60_000)

  test('by a process that invalidates all the time, faster than Redis answers', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '1s' } })
    await proxy.inject({ kind: 'delay', ms: 40, direction: 'down' })
    await until(() => cache.health().redis === 'open')
    const receipts: Promise<unknown>[] = []
    let id = 0
    const invalidating = setInterval(() => receipts.push(rowsOf(cache).delete([id++])), 2)
    await wait(50)
    proxy.drop()
    await until(() => cache.health().redis !== 'open')
    await until(() => cache.health().redis === 'open', 3_000)
    // Timers are late on a busy machine: it goes on until there were enough of them.
    await until(() => id > 100, 10_000)
    clearInterval(invalidating)
    await proxy.heal()
    await Promise.all(receipts)
    await cache.whenDelivered()
    expect(cache.health().redis).toBe('open')
  })

  test('what is invalidated before the gate opens is delivered at once, and in force everywhere', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '1s' } })
    const other = await stage.node()
    await rowsOf(other).getOrSet([1], () => 'old')
    await other.drain()
    await proxy.inject({ kind: 'delay', ms: 60, direction: 'down' })
    proxy.drop()
    await until(() => cache.health().redis !== 'open')
    expect(await rowsOf(cache).delete([2])).toMatchObject({ delivered: false })
    const takenAt: string[] = []
    while (cache.health().redis !== 'open') {
      const { delivered } = await rowsOf(cache).delete([1])
      if (delivered) takenAt.push(await rowsOf(other).getOrSet([1], () => 'new'))
      await wait(2)
    }
    expect(takenAt.length).toBeGreaterThan(0)
    expect(takenAt).not.toContain('old')
  })
})

describe('slow is what a server is, not what its client is', () => {
  function scene() {
    const clock = new ManualClock({ now: 1_000 })
    const commands = new Set<{ readonly sentAt: number; isSlow: boolean }>()
    const slowness = new Slowness(clock, 40, () => commands)
    const send = () => {
      const command = { sentAt: clock.now(), isSlow: false }
      commands.add(command)
      slowness.watch()
      return command
    }
    return { clock, commands, slowness, send }
  }

  test('a command that is unanswered after the limit and one more look is slow, and one sent later is not yet', () => {
    const { clock, send } = scene()
    const early = send()
    clock.advance(30)
    const late = send()
    clock.advance(12)
    expect([early.isSlow, late.isSlow]).toEqual([true, false])
    clock.advance(40)
    expect(late.isSlow).toBe(true)
  })

  test('one whose reply was there, and only not read, is not', () => {
    const { clock, commands, send } = scene()
    const command = send()
    clock.advance(40)
    commands.delete(command)
    clock.advance(100)
    expect(command.isSlow).toBe(false)
  })

  test('it keeps one timer while something is on its way, and none otherwise', () => {
    const { clock, commands, slowness, send } = scene()
    for (let at = 0; at < 100; at++) send()
    expect(clock.inspect().timers).toBe(1)
    commands.clear()
    clock.advance(100)
    expect(clock.inspect().timers).toBe(0)
    send()
    slowness.stop()
    expect(clock.inspect().timers).toBe(0)
  })

  test('patience ends after its time, and not with the first long pause of the process', () => {
    const clock = new ManualClock({ now: 0 })
    const ends: string[] = []
    whenPatienceEnds(clock, 1_000, () => ends.push('calm'))
    whenPatienceEnds(clock, 1_000, () => ends.push('cancelled'))()
    clock.advance(999)
    expect(ends).toEqual([])
    clock.advance(1)
    expect(ends).toEqual(['calm'])
  })

  test('patience of a process that is busy lets it listen between its pauses', async () => {
    const startedAt = performance.now()
    let turns = 0
    const rest = keepBusy(60)
    const counting = setInterval(() => {
      turns += 1
    }, 1)
    await new Promise<void>((resolve) => {
      whenPatienceEnds({ now: () => performance.now(), wall: Date.now, schedule }, 100, resolve)
    })
    rest()
    clearInterval(counting)
    expect(turns).toBeGreaterThan(15)
    expect(performance.now() - startedAt).toBeGreaterThan(100)
  })
})

function schedule(delay: number, run: () => void): () => void {
  const timer = setTimeout(run, delay)
  return () => clearTimeout(timer)
}

describe("coherence 'acknowledged': a server whose clock was put back", () => {
  test('nobody waits longer than a lease for a process that is gone', async () => {
    const cache = await stage.node({ coherence: 'acknowledged', maxStaleness: '400ms' })
    await rowsOf(cache).delete([1])
    const [seconds] = (await stage.redis.command('TIME')) as [string]
    await stage.redis.command('ZADD', `{${stage.namespace}}:mem`, (Number(seconds) + 3_600) * 1_000, 'gone')
    const took = await timed(() => rowsOf(cache).delete([1]))
    expect(took).toBeGreaterThan(300)
    expect(took).toBeLessThan(400 + 2_000)
  })
})
