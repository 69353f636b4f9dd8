import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cache, CachedName, createCache, Policy } from '@granary/core'
import { Chance } from '../simulation/chance.ts'
import { SimulatedClient } from '../simulation/client.ts'
import type { Network } from '../simulation/network.ts'
import { ProcessClock, type Skew } from '../simulation/process-clock.ts'
import type { Tier, Witness } from './history.ts'
import type { EntryName } from './schedule.ts'

/** What every entry holds: which row it shows, in which version, and shapes that a codec could lose. */
export interface Row {
  readonly name: EntryName
  readonly row: number
  readonly version: number
  readonly at: Date
  readonly text: string
}

/** Settings of every cache in the torture, in milliseconds. */
export const TIMES = { maxStaleness: 300, callBudget: 60, leaseTime: 500 } as const

/** Rows of one group share a tag. */
export const groupOf = (row: number): number => row % 2

const tags = (value: Row) => [`row:${value.row}`, `group:${groupOf(value.row)}`]

type RowPolicy = Policy<readonly [number], Row>

/** Short and long lives, stale windows, strong reads, large values, and values that only their owner writes, by `set`. */
const POLICIES: Readonly<Record<EntryName, RowPolicy>> = {
  row: { ttl: '30s', tags },
  brief: { ttl: '250ms', staleWhileRevalidate: '300ms', staleIfError: '2s', refreshAhead: 0.6, tags },
  soft: { ttl: '150ms', staleIfError: '3s', softTimeout: '20ms', tags },
  strict: { ttl: '30s', consistency: 'strong', tags },
  large: { ttl: '30s', tags },
  owned: { ttl: '30s', tags },
  ledger: { ttl: '30s', tags },
}

/** The names in a fixed order. */
export const NAMES = Object.keys(POLICIES) as EntryName[]

/** Whether a name is written by `set`, which only one process does. */
export const OWNED: readonly EntryName[] = NAMES.filter((name) => name === 'owned' || name === 'ledger')

/** Rows that anybody changes. */
export const ROWS = 3

/** Rows after them that one process each changes, by `set`. */
export const OWNED_ROWS = 2

const LARGE_TEXT = 'x'.repeat(33_000)

/** The value of a row. */
export function rowOf(name: EntryName, row: number, version: number): Row {
  return {
    name,
    row,
    version,
    at: new Date(row * 1_000),
    text: name === 'large' || name === 'ledger' ? LARGE_TEXT : 'a',
  }
}

/** How a call was answered, filled in by the cache's events while it is answered. */
export interface CallTrace {
  readonly tiers: Map<string, Tier>
  readonly joined: Set<string>
}

/** Which call an event belongs to: events are told inside the call that they are about. */
export const traces = new AsyncLocalStorage<CallTrace>()

/** One simulated process: its own clock, chance, cache and connections. */
export class AppProcess implements Witness {
  readonly label: string
  readonly index: number
  readonly clock: ProcessClock
  readonly cache: Cache
  readonly names: Readonly<Record<EntryName, CachedName<readonly [number], Row>>>

  constructor(
    network: Network,
    options: { index: number; life: number; skew: Skew; seed: number; create: typeof createCache },
  ) {
    const { index, life, skew, seed, create } = options
    this.index = index
    this.label = life === 0 ? `P${index}` : `P${index}'${life}`
    this.clock = new ProcessClock(network.timeline, skew)
    this.cache = create({
      namespace: 'torture',
      maxStaleness: `${TIMES.maxStaleness}ms`,
      clock: this.clock,
      random: new Chance(seed, index, life),
      compression: false,
      logger: SILENT,
      redis: {
        client: new SimulatedClient({ network, process: index, clock: this.clock }),
        callBudget: `${TIMES.callBudget}ms`,
        leaseTime: `${TIMES.leaseTime}ms`,
      },
    })
    this.names = Object.fromEntries(NAMES.map((name) => [name, this.cache.define(name, POLICIES[name])])) as never
    this.cache.on('flight-joined', ({ key }) => traces.getStore()?.joined.add(key))
    this.cache.on('entry-hit', ({ key, tier }) => traces.getStore()?.tiers.set(key, tier))
    this.cache.on('entry-missed', ({ key }) => traces.getStore()?.tiers.set(key, 'loader'))
  }

  now(): number {
    return this.clock.now()
  }

  /** Waits in the time of this process. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.schedule(ms, resolve)
    })
  }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }
