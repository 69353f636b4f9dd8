import type { Stats } from '@granary/core'
import type { SemanticStats } from '@granary/semantic'

/** Counters of a layer of the cache, over all processes. */
export interface LayerCounts {
  readonly hits: number
  readonly hitsL1: number
  readonly hitsL2: number
  readonly misses: number
}

/** What a fleet has counted so far. */
export interface FleetCounts {
  /** Statements that reached the database. */
  readonly queries: number
  /** Processor time of the gateway processes, in milliseconds. */
  readonly cpuMs: number
  /** Dollars and tokens that chat answers from the cache have saved. */
  readonly saved: { readonly cost: number; readonly tokens: number }
  /** By the first part of the names: `auth`, `db`, `models`. */
  readonly layers: Readonly<Record<string, LayerCounts>>
}

const NONE: LayerCounts = { hits: 0, hitsL1: 0, hitsL2: 0, misses: 0 }

/** Asks every process what it has counted. */
export async function countFleet(origins: readonly string[], adminToken: string): Promise<FleetCounts> {
  const answers = await Promise.all(origins.map((origin) => statsOf(origin, adminToken)))
  const layers: Record<string, LayerCounts> = {}
  for (const { cache } of answers) {
    for (const [name, counts] of Object.entries(cache.names)) {
      const layer = name.split(':', 1)[0] ?? name
      layers[layer] = add(layers[layer] ?? NONE, counts)
    }
  }
  const queries = answers.reduce((sum, { database }) => sum + database.queries, 0)
  const cpuMs = answers.reduce((sum, { process }) => sum + process.cpuMs, 0)
  const saved = {
    cost: answers.reduce((sum, { chat }) => sum + chat.savedCost, 0),
    tokens: answers.reduce((sum, { chat }) => sum + chat.savedTokens, 0),
  }
  return { queries, cpuMs, saved, layers }
}

/** What was counted between two moments. */
export function between(before: FleetCounts, after: FleetCounts): FleetCounts {
  const layers = Object.entries(after.layers).map(([layer, counts]): [string, LayerCounts] => [
    layer,
    add(counts, before.layers[layer] ?? NONE, -1),
  ])
  const [queries, cpuMs] = [after.queries - before.queries, after.cpuMs - before.cpuMs]
  const saved = { cost: after.saved.cost - before.saved.cost, tokens: after.saved.tokens - before.saved.tokens }
  return { queries, cpuMs, saved, layers: Object.fromEntries(layers) }
}

/** The layers of cached methods, all together: answers of models are looked up in other ways, and counted on their own. */
export function allLayers({ layers: { chat: _, ...methods } }: FleetCounts): LayerCounts {
  return Object.values(methods).reduce((sum, layer) => add(sum, layer), NONE)
}

/** Calls that were answered without a load, as a share of all calls. */
export function hitRate({ hits, misses }: LayerCounts): number {
  return hits + misses === 0 ? 0 : hits / (hits + misses)
}

function add(left: LayerCounts, right: LayerCounts, sign = 1): LayerCounts {
  return {
    hits: left.hits + sign * right.hits,
    hitsL1: left.hitsL1 + sign * right.hitsL1,
    hitsL2: left.hitsL2 + sign * right.hitsL2,
    misses: left.misses + sign * right.misses,
  }
}

interface ProcessStats {
  readonly cache: Stats
  readonly chat: Pick<SemanticStats, 'savedCost' | 'savedTokens'>
  readonly database: { readonly queries: number }
  readonly process: { readonly cpuMs: number }
}

async function statsOf(origin: string, adminToken: string): Promise<ProcessStats> {
  const response = await fetch(`${origin}/admin/cache/stats`, { headers: { authorization: `Bearer ${adminToken}` } })
  if (!response.ok) throw new Error(`${origin} answered ${response.status} when asked for its counters`)
  return (await response.json()) as ProcessStats
}
