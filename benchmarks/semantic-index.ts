/** What does it cost to find the nearest of many requests on a plain Redis, and are they the right ones? */
import { createCache } from '@granary/core'
import { memoryIndex, redisIndex, type VectorIndex } from '@granary/semantic'
import { startRedis } from '@granary/testing'
import { atLeast, atMost, type Goal, type Row, report, round } from './lib/report.ts'
import { Vectors } from './lib/vectors.ts'

const SIZES = [1_000, 10_000, 100_000]
const DIMENSIONS = 512
const SEARCHES = 300
const NEIGHBOURS = 20
const HOUR = 3_600_000
/** A request has about as many others that mean the same. */
const ALIKE = 10

const server = await startRedis()
const cache = createCache({ namespace: 'bench', redis: server.url })
await cache.ready()
const rows: Row[] = []
const goals: Goal[] = []

for (const size of SIZES) {
  const vectors = new Vectors(DIMENSIONS, size, ALIKE)
  const redis = redisIndex({ redis: cache.redis, namespace: `n${size}` })
  const exact = memoryIndex({ maxEntries: size })
  await fill(redis, vectors, 64)
  await fill(exact, vectors, 64)
  const warm = redisIndex({ redis: cache.redis, namespace: `n${size}` })
  await warm.search('scope', vectors.query(0), NEIGHBOURS)
  const measured = await measure(warm, exact, vectors)
  rows.push({ entries: size, ...measured })
  if (size === 10_000) goals.push(atMost('ms at 10,000 entries, p50', measured['ms, p50'], 1))
  if (size === 100_000) goals.push(atMost('ms at 100,000 entries, p50', measured['ms, p50'], 5))
  goals.push(atLeast(`neighbours of a cosine of 0.85 and more found at ${size}, %`, measured['found, %'], 99))
  await Promise.all([redis.close(), warm.close(), exact.close()])
}

report('What does it cost to find the nearest of many requests on a plain Redis?', rows, goals)
await cache.close()
await server.stop()

async function fill(index: VectorIndex, vectors: Vectors, callers: number): Promise<void> {
  let next = 0
  const caller = async () => {
    for (let at = next++; at < vectors.size; at = next++) {
      const id = `entry-${at}`
      await index.add(
        'scope',
        { id, text: `a request of usual length ${at}`, answer: id, tags: [], vector: vectors.entry(at) },
        HOUR,
      )
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

/** Searches one after another, each beside the exact one: what disturbs the machine disturbs both. */
async function measure(index: VectorIndex, exact: VectorIndex, vectors: Vectors) {
  const took: number[] = []
  const exactTook: number[] = []
  let wanted = 0
  let found = 0
  for (let at = 0; at < SEARCHES; at++) {
    const query = vectors.query(at)
    const began = performance.now()
    const near = await index.search('scope', query, NEIGHBOURS)
    const between = performance.now()
    const truth = await exact.search('scope', query, NEIGHBOURS)
    took.push(between - began)
    exactTook.push(performance.now() - between)
    const [nearest] = truth
    if (nearest === undefined || nearest.similarity < 0.85) continue
    wanted += 1
    if (near.some(({ id }) => id === nearest.id)) found += 1
  }
  return {
    'ms, p50': round(percentile(took, 0.5)),
    'ms, p99': round(percentile(took, 0.99)),
    'ms comparing all vectors in the process, p50': round(percentile(exactTook, 0.5)),
    'found, %': round((100 * found) / Math.max(1, wanted)),
    'of searches': wanted,
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
