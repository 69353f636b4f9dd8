import { type RedisServer, startRedis } from '@granary/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { concurrency } from '../../src/index.ts'
import { limiterOn, pause, until } from '../support/limiter.ts'
import { peakOf } from '../support/streams.ts'
import { Fleet } from './fleet.ts'
import type { Admission, Task, WorkerReport } from './task.ts'

/** `GRANARY_LONG=1` runs these for as long as the laws are stated: ten seconds of full load. */
const LONG = process.env['GRANARY_LONG'] === '1'
const PROCESSES = 8
const IN_FLIGHT = 64
const LIMIT = 200
const LENGTH_MS = 500

const DEADLINE_MS = 250

let server: RedisServer

let TASK: Omit<Task, 'processes' | 'deadline' | 'milliseconds'>

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
  /** Law 2. */
  test('never hold more than the limit in any window, by the server’s own clock, and use what they may', async () => {
    const milliseconds = LONG ? 10_000 : 2_500
    const fleet = await Fleet.start(PROCESSES, { ...TASK, deadline: '5s', milliseconds })
    fleet.begin()
    const admissions = merged(await fleet.reports())
    expect(admissions.every(({ source }) => source === 'redis')).toBe(true)
    expect(peak(admissions)).toBeLessThanOrEqual(LIMIT)
    expect(admissions.length).toBeGreaterThan(0.9 * LIMIT * (milliseconds / LENGTH_MS))
  })

  /**
   * Law 6. While Redis is lost, or has lost its data, the bound is twice the limit: what was admitted before, and once more
   * what the processes may admit by what they last heard. Where Redis has decided alone for a window, it is the limit.
   */
  test('hold the limit through a flush, a freeze, a crash and a restart, and never twice the limit in between', async () => {
    const unit = LONG ? 2_500 : 1_200
    const fleet = await Fleet.start(PROCESSES, { ...TASK, deadline: `${DEADLINE_MS}ms`, milliseconds: 6 * unit })
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
    expect(peak(quiet(admissions, losses))).toBeLessThanOrEqual(LIMIT)
    expect(Math.max(...reports.map(({ slowest }) => slowest))).toBeLessThanOrEqual(DEADLINE_MS + 20)
  })
})

/** Admissions that Redis decided after a window in which nobody else did, and in which it lost nothing. */
function quiet(admissions: readonly Admission[], losses: readonly number[]): Admission[] {
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
  /** Law 5. */
  test('are never held by more than their number, whoever takes and gives them', async () => {
    const fleet = await Fleet.start(4, {
      kind: 'places',
      url: server.url,
      limit: 5,
      length: '5s',
      inFlight: 8,
      deadline: '5s',
      milliseconds: LONG ? 8_000 : 1_500,
    })
    fleet.begin()
    const spans = (await fleet.reports()).flatMap(({ spans }) => spans)
    expect(spans.length).toBeGreaterThan(100)
    expect(mostAtOnce(spans)).toBeLessThanOrEqual(5)
  })

  test('of a process that was killed are free again within their lease and a second', async () => {
    const lease = 1_000
    const fleet = await Fleet.start(2, {
      kind: 'die',
      url: server.url,
      limit: 2,
      length: `${lease}ms`,
      inFlight: 1,
      deadline: '5s',
      milliseconds: 60_000,
    })
    fleet.begin()
    await fleet.holding()
    const limiter = limiterOn(server, { namespace: 'fleet', deadline: '5s' })
    await limiter.ready()
    const set = limiter.define('places', { limits: { live: concurrency(2, { lease: `${lease}ms` }) } })
    expect((await set.reserve('everybody')).ok).toBe(false)
    await fleet.crash()
    const from = performance.now()
    await until(async () => (await set.peek('everybody')).limits.live?.remaining === 2)
    expect(performance.now() - from).toBeLessThanOrEqual(lease + 1_000)
    await limiter.close()
  })
})

function mostAtOnce(spans: readonly { from: number; to: number }[]): number {
  const moves = spans.flatMap(({ from, to }) => [
    { at: from, move: 1 },
    { at: to, move: -1 },
  ])
  moves.sort((one, other) => one.at - other.at || one.move - other.move)
  let held = 0
  return Math.max(...moves.map(({ move }) => (held += move)))
}
