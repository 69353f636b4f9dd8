/** What does an invalidation cost that waits for every process, with 1, 4 and 8 of them, beside one by the bus? */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type CacheOptions, createCache } from '@granary/core'
import { startRedis } from '@granary/testing'
import { report, round } from './lib/report.ts'

type Coherence = NonNullable<CacheOptions['coherence']>

const PROCESSES = [1, 4, 8]
const INVALIDATIONS = 500

const { ACKNOWLEDGED_REDIS: url, ACKNOWLEDGED_AS: as } = process.env
if (process.send !== undefined && url !== undefined) await beOne(url, as as Coherence)
else await beAll()

async function beOne(redis: string, coherence: Coherence): Promise<void> {
  const cache = createCache({ namespace: coherence, redis, coherence })
  await cache.ready()
  process.send?.('ready')
  await new Promise((resolve) => process.once('message', resolve))
  await cache.close()
  process.disconnect?.()
}

async function measure(redis: string, coherence: Coherence, processes: number): Promise<readonly number[]> {
  const env = { ...process.env, ACKNOWLEDGED_REDIS: redis, ACKNOWLEDGED_AS: coherence }
  const others = Array.from({ length: processes - 1 }, () => fork(fileURLToPath(import.meta.url), { env }))
  await Promise.all(others.map((other) => new Promise((resolve) => other.once('message', resolve))))
  const cache = createCache({ namespace: coherence, redis, coherence })
  await cache.ready()
  const times: number[] = []
  for (let at = -50; at < INVALIDATIONS; at++) {
    const startedAt = performance.now()
    await cache.invalidateTags(['row'])
    if (at >= 0) times.push(performance.now() - startedAt)
  }
  await cache.close()
  const gone = others.map((other) => new Promise((resolve) => other.once('exit', resolve)))
  for (const other of others) other.send('go')
  await Promise.all(gone)
  return times.toSorted((a, b) => a - b)
}

async function beAll(): Promise<void> {
  const server = await startRedis()
  const rows = []
  for (const processes of PROCESSES) {
    for (const coherence of ['bus', 'acknowledged'] as const) {
      const times = await measure(server.url, coherence, processes)
      const at = (share: number) => round(times[Math.floor(times.length * share)] ?? Number.NaN)
      rows.push({ coherence, processes, 'p50 ms': at(0.5), 'p99 ms': at(0.99) })
    }
  }
  await server.stop()
  report('What does an acknowledged invalidation cost?', rows, [])
}
