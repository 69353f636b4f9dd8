import { type RedisServer, startRedis } from '@granary/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { concurrency } from '../../src/index.ts'
import { limiterOn, pause, until } from '../support/limiter.ts'
import { peakOf } from '../support/streams.ts'
import { Fleet } from './fleet.ts'
import type { Admission, Span, Task, WorkerReport } from './task.ts'

/** `GRANARY_LONG=1` runs these for as long as the laws are stated: ten seconds of full load. */
const LONG = process.env['GRANARY_LONG'] === '1'
const PROCESSES = 8
const IN_FLIGHT = 64
const LIMIT = 200
const LENGTH_MS = 500

const DEADLINE_MS = 250

let server: RedisServer

let TASK: Omit<Task, 'processes' | 'deadline' | 'milliseconds' | 'rounds'>

beforeEach(async () => {
  server = await startRedis()
  TASK = { kind: 'calls', url: server.url, limit: LIMIT, length: `${LENGTH_MS}ms`, inFlight: IN_FLIGHT }
})
afterEach(async () => {
  await server.stop()
})

function peak(admissions: readonly Admission[]): number {
  return peakOf(
    admissions.map(({ at }) => ({ at, cost: 1 })),
    LENGTH_MS * 1000,
  )
}

function merged(reports: readonly WorkerReport[]): Admission[] {
  return reports.flatMap(({ admissions }) => admissions)
}

describe('eight processes with 64 calls in flight each', () => {
  test('never hold more than the limit in any window, by the server’s own clock (law 2)', async () => {
    const milliseconds = LONG ? 10_000 : 2_500
    const fleet = await Fleet.start(PROCESSES, { ...TASK, deadline: '30s', milliseconds, rounds: 20 })
    fleet.begin()
    const admissions = merged(await fleet.reports())
    // More than a window of them was decided by Redis, and what it decided alone holds to the letter.
    const decided = alone(admissions, [])
    expect(decided.length).toBeGreaterThan(LIMIT)
    expect(peak(decided)).toBeLessThanOrEqual(LIMIT)
    expect(peak(admissions)).toBeLessThanOrEqual(2 * LIMIT)
  })

  /**
   * While Redis is lost, or has lost its data, the bound is twice the limit: what was admitted before, and once more
   * what the processes may admit by what they last heard. Where Redis has decided alone for a window, it is the limit.
   */
  test('hold the limit through a flush, a freeze, a crash and a restart, and never twice the limit in between (law 6)', async () => {
    const unit = LONG ? 2_500 : 1_200
    const fleet = await Fleet.start(PROCESSES, {
      ...TASK,
      deadline: `${DEADLINE_MS}ms`,
      milliseconds: 6 * unit,
      rounds: 1,
    })
    fleet.begin()
    const losses: number[] = []
    await pause(unit)
    losses.push(Date.now())
    await server.command('FLUSHALL')
    await pause(unit)
    await server.command('SCRIPT', 'FLUSH')
    await pause(unit)
    await server.pause()
    await pause(LONG ? 2_000 : 600)
    await server.resume()
    await pause(unit)
    losses.push(Date.now())
    await server.kill()
    await pause(200)
    await server.restart()
    losses.push(Date.now())
    const reports = await fleet.reports()
    const admissions = merged(reports)
    expect(admissions.some(({ source }) => source === 'local')).toBe(true)
    expect(peak(admissions)).toBeLessThanOrEqual(2 * LIMIT)
    expect(peak(alone(admissions, losses))).toBeLessThanOrEqual(LIMIT)
    expect(Math.max(...reports.map(({ slowest }) => slowest))).toBeLessThanOrEqual(DEADLINE_MS + 20)
  })
})

/** Admissions that Redis decided after a window in which nobody else did, and in which it lost nothing. */
function alone(admissions: readonly Admission[], losses: readonly number[]): Admission[] {
  const times = admissions.filter(({ source }) => source === 'local').map(({ at }) => at)
  const disturbances = [...times, ...losses.map((loss) => loss * 1000)].sort((one, other) => one - other)
  const sorted = [...admissions].sort((one, other) => one.at - other.at)
  // Local admissions are handed over two tenths of a second after, at the latest; from then on they count.
  const reach = (LENGTH_MS + 400) * 1000
  let next = 0
  return sorted.filter(({ at }) => {
    while ((disturbances[next] ?? Number.POSITIVE_INFINITY) <= at) next += 1
    return at - (disturbances[next - 1] ?? Number.NEGATIVE_INFINITY) > reach
  })
}

describe('places', () => {
  test('are never held by more than their number, whoever takes and gives them (law 5)', async () => {
    const fleet = await Fleet.start(4, {
      kind: 'places',
      url: server.url,
      limit: 5,
      // Longer than a busy machine can keep a process from running: an ended lease is somebody else's place, and rightly so.
      length: '5m',
      inFlight: 8,
      deadline: '30s',
      milliseconds: LONG ? 8_000 : 1_000,
      rounds: 10,
    })
    fleet.begin()
    const spans = (await fleet.reports()).flatMap(({ spans }) => spans)
    expect(spans.length).toBeGreaterThanOrEqual(4 * 8 * 10)
    const { whileRedisDecides, atAll } = mostAtOnce(spans)
    expect(whileRedisDecides).toBe(5)
    // Should the machine have been so busy that a process took Redis for lost, its part of the places comes on top.
    expect(atAll).toBeLessThanOrEqual(spans.every(({ source }) => source === 'redis') ? 5 : 10)
  })

  test('of a process that was killed are free again within their lease and a second (law 5)', async () => {
    const lease = 2_000
    const fleet = await Fleet.start(2, {
      kind: 'die',
      url: server.url,
      limit: 3,
      length: `${lease}ms`,
      inFlight: 1,
      deadline: '30s',
      milliseconds: 0,
      rounds: 1,
    })
    fleet.begin()
    await fleet.holding()
    const limiter = limiterOn(server, { namespace: 'fleet', deadline: '30s' })
    await limiter.ready()
    const set = limiter.define('places', { limits: { live: concurrency(3, { lease: `${lease}ms` }) } })
    // One that lives holds a place as well, so that the subject does not simply end.
    let leave: () => void = () => {}
    const staying = set.run('everybody', () => new Promise<void>((resolve) => (leave = resolve)))
    const free = async () => (await set.peek('everybody')).limits.live?.remaining
    // They renew their places, for much longer than a lease.
    await pause(lease + 500)
    await until(async () => (await free()) === 0)
    await fleet.crash()
    const killedAt = (await set.peek('everybody')).at
    // By the server's clock, so that it does not matter when this process comes to look.
    await until(async () => (await set.peek('everybody')).at >= killedAt + lease + 1_000)
    expect(await free()).toBe(2)
    leave()
    await staying
    expect(await free()).toBe(3)
    await limiter.close()
  })
})

/** The most places held at a moment: of those at which nobody held one without Redis, and at all. */
function mostAtOnce(spans: readonly Span[]): { readonly whileRedisDecides: number; readonly atAll: number } {
  const moves = spans.flatMap(({ from, to, source }) => [
    { at: from, move: 1, source },
    { at: to, move: -1, source },
  ])
  moves.sort((one, other) => one.at - other.at || one.move - other.move)
  const held = { redis: 0, local: 0 }
  const most = { whileRedisDecides: 0, atAll: 0 }
  for (const { move, source } of moves) {
    held[source === 'redis' ? 'redis' : 'local'] += move
    most.atAll = Math.max(most.atAll, held.redis + held.local)
    if (held.local === 0) most.whileRedisDecides = Math.max(most.whileRedisDecides, held.redis)
  }
  return most
}
