import { setTimeout as wait } from 'node:timers/promises'
import { type Cache, createCache, ms } from '@granary/core'
import { startFaultProxy, startRedis } from '@granary/testing'
import { WarningLog } from '../stage/log.ts'
import { rounded } from '../stage/samples.ts'
import type { Fault, Playground, Scene } from './fault.ts'
import { describeRow, type Row } from './row.ts'
import { Traffic } from './traffic.ts'

/** How long the parts of a trial last, in milliseconds, and what else is scaled for a fast one. */
export interface Scale {
  readonly healthy: number
  readonly fault: number
  readonly after: number
  /** Between two ticks of traffic. */
  readonly pause: number
  readonly maxStaleness: number
  readonly hugeBytes: number
}

/** What the published table is measured with: default options. */
export const FULL: Scale = {
  healthy: 800,
  fault: 3_000,
  after: 500,
  pause: 5,
  maxStaleness: 1_000,
  hugeBytes: 512 * 1024 * 1024,
}

/** The same in a second, for tests. */
export const FAST: Scale = {
  healthy: 250,
  fault: 700,
  after: 100,
  pause: 10,
  maxStaleness: 300,
  hugeBytes: 48 * 1024 * 1024,
}

/** A way back that takes longer than this is none. */
const LONGEST_RECOVERY = 15_000

let trials = 0

/** Plays one fault under traffic and tells what the callers, the counters and the log saw of it. */
export async function runTrial(fault: Fault, scale: Scale): Promise<Row> {
  const playground = await (fault.playground?.() ?? oneServer(fault, scale))
  try {
    return await play(fault, scale, playground)
  } finally {
    await playground.stop()
  }
}

/** One server behind a proxy. */
async function oneServer({ server, client, begin }: Fault, { hugeBytes }: Scale): Promise<Playground> {
  const redis = await startRedis(server)
  const proxy = await startFaultProxy({ target: redis })
  const scene: Scene = { redis, proxy, namespace: `faults-${++trials}`, hugeBytes }
  return {
    namespace: scene.namespace,
    client: client?.(scene) ?? proxy.url,
    begin: begin && (() => begin(scene)),
    stop: async () => {
      // Connections that a dying server left half open may keep the proxy waiting.
      await Promise.race([proxy.stop(), wait(2_000)])
      await redis.stop()
    },
  }
}

async function play(fault: Fault, scale: Scale, { namespace, client, begin }: Playground): Promise<Row> {
  const log = new WarningLog()
  const make = (which: 'first' | 'second', logger = new WarningLog()) =>
    createCache({ namespace, redis: client, maxStaleness: ms(scale.maxStaleness), logger, ...fault.options?.(which) })
  const first = make('first', log)
  const second = make('second')
  const notice = noticing(first)
  const traffic = new Traffic({ first, second }, scale.maxStaleness)
  try {
    await Promise.all([first.ready(), second.ready()])
    traffic.start(scale.pause)
    await wait(begin === undefined ? 0 : scale.healthy)
    const before = first.stats()
    traffic.phase = 'fault'
    const beganAt = performance.now()
    const end = await begin?.()
    await wait(scale.fault)
    await end?.()
    const recovery = end === undefined ? undefined : await recoveryOf([first, second])
    traffic.phase = 'after'
    await wait(scale.after)
    const unsettled = await settle(traffic)
    if (end !== undefined) await Promise.race([first.whenDelivered(), wait(LONGEST_RECOVERY)])
    const lost = await lostInvalidations(traffic, { first, second, fresh: () => make('first') }, scale)
    return describeRow({
      fault,
      traffic,
      before,
      after: first.stats(),
      log,
      recovery,
      lost,
      unsettled,
      noticedAfter: notice(beganAt),
      mends: end !== undefined,
    })
  } finally {
    await Promise.all([first.close(), second.close()])
  }
}

async function settle(traffic: Traffic): Promise<number> {
  await Promise.race([traffic.stop(), wait(LONGEST_RECOVERY)])
  return traffic.unsettled
}

/** Rows for which a cache still serves what was invalidated: at rest, when every promise has come due. */
async function lostInvalidations(
  traffic: Traffic,
  { first, second, fresh }: { first: Cache; second: Cache; fresh: () => Cache },
  { maxStaleness }: Scale,
): Promise<number> {
  const third = fresh()
  try {
    await third.ready()
    await wait(maxStaleness + 50)
    return (await traffic.lost(first)) + (await traffic.lost(second)) + (await traffic.lost(third))
  } finally {
    await third.close()
  }
}

/** When the cache first said that Redis is not in use, counted from a moment; undefined when it never did. */
function noticing(cache: Cache): (from: number) => number | undefined {
  const losses: number[] = []
  cache.on('redis-lost', () => losses.push(performance.now()))
  return (from) => {
    const found = losses.find((at) => at >= from)
    return found === undefined ? undefined : rounded(found - from)
  }
}

/** How long until each cache is answered by Redis again, in milliseconds; undefined when it is not. */
async function recoveryOf(caches: readonly Cache[]): Promise<number | undefined> {
  const healedAt = performance.now()
  const recovered = await Promise.all(caches.map((cache, at) => isAnswered(cache, at, healedAt + LONGEST_RECOVERY)))
  return recovered.every(Boolean) ? rounded(performance.now() - healedAt) : undefined
}

async function isAnswered(cache: Cache, at: number, deadline: number): Promise<boolean> {
  const probe = { ttl: '1m', consistency: 'strong' } as const
  while (performance.now() < deadline) {
    const { tier } = await cache.observe(() => cache.getOrSet(`probe-${at}`, [], () => 1, probe))
    if (tier === 'l2') return true
    await wait(2)
  }
  return false
}
