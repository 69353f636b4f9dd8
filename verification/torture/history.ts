import type { EntryName } from './schedule.ts'

/** Which tier a read was answered by. */
export type Tier = 'l1' | 'l2' | 'loader'

/** Ways to break the guarantee. */
export type ViolationKind =
  | 'stale-after-invalidate'
  | 'lost-update'
  | 'resurrected-tag'
  | 'stale-at-rest'
  | 'undelivered'
  | 'wrong-key'
  | 'wrong-type'
  | 'error-to-caller'
  | 'second-load'
  | 'waited-too-long'
  | 'hang'
  | 'unsettled'
  | 'clock-went-back'
  | 'unbounded'
  | 'never-expires'
  | 'deferred-without-need'

/** One broken promise. */
export interface Violation {
  readonly kind: ViolationKind
  readonly at: number
  readonly what: string
}

/** A process as the history knows it: one that restarts is another. */
export interface Witness {
  readonly label: string
  readonly now: () => number
}

/** What invalidated. */
export type Cause = 'key' | 'tag' | 'set' | 'put'

interface Delivery {
  readonly version: number
  readonly cause: Cause
  /** Every witness's own time when it was delivered. */
  readonly clocks: ReadonlyMap<Witness, number>
}

interface PairHistory {
  /** Per process, the newest version it has invalidated older ones of; delivered or queued. */
  readonly own: Map<Witness, { version: number; cause: Cause }>
  readonly deliveries: Delivery[]
  loads: number
  /** When the last of them ended. */
  loadedAt: number
  invalidations: number
}

/** What a read must at least return, by the way it was answered. */
export interface Due {
  readonly own: { readonly version: number; readonly cause: Cause } | undefined
  readonly delivered: Delivery | undefined
  readonly lagged: Delivery | undefined
}

/** The versions that invalidations have promised, and the reads that have to live up to them. */
export class History {
  readonly violations: Violation[] = []
  reads = 0
  readonly #pairs = new Map<string, PairHistory>()
  readonly #now: () => number
  readonly #witnesses: () => Iterable<Witness>
  readonly #maxStaleness: number

  constructor(options: { now: () => number; witnesses: () => Iterable<Witness>; maxStaleness: number }) {
    this.#now = options.now
    this.#witnesses = options.witnesses
    this.#maxStaleness = options.maxStaleness
  }

  report(kind: ViolationKind, what: string): void {
    this.violations.push({ kind, at: this.#now(), what })
  }

  /** Violations found since then were found at rest. */
  relabel(from: number, kind: ViolationKind): void {
    this.violations.splice(
      from,
      this.violations.length,
      ...this.violations.slice(from).map((each) => ({ ...each, kind })),
    )
  }

  pair(name: EntryName, row: number): PairHistory {
    const key = `${name}/${row}`
    const known = this.#pairs.get(key)
    if (known !== undefined) return known
    const made: PairHistory = { own: new Map(), deliveries: [], loads: 0, loadedAt: 0, invalidations: 0 }
    this.#pairs.set(key, made)
    return made
  }

  /** Entries that were read or written. */
  get pairs(): ReadonlyMap<string, PairHistory> {
    return this.#pairs
  }

  /** An invalidation has resolved in its process. */
  heldBy(witness: Witness, pair: PairHistory, version: number, cause: Cause): void {
    const before = pair.own.get(witness)
    if (before === undefined || before.version < version) pair.own.set(witness, { version, cause })
  }

  /** It is in force everywhere. */
  delivered(pair: PairHistory, version: number, cause: Cause): void {
    pair.deliveries.push({
      version,
      cause,
      clocks: new Map([...this.#witnesses()].map((witness) => [witness, witness.now()])),
    })
  }

  /** What a read that begins now must return. */
  dueTo(witness: Witness, pair: PairHistory): Due {
    const lag = witness.now() - this.#maxStaleness
    return {
      own: pair.own.get(witness),
      delivered: newest(pair.deliveries),
      lagged: newest(pair.deliveries.filter(({ clocks }) => (clocks.get(witness) ?? Number.NEGATIVE_INFINITY) <= lag)),
    }
  }

  /** Holds an answer against what was due when it was asked for. */
  judge(answer: { what: string; version: number; mayLag: boolean; tier: Tier | undefined }, due: Due): void {
    this.reads += 1
    const { version, mayLag, tier, what } = answer
    const elsewhere = mayLag ? due.lagged : due.delivered
    for (const [promise, who] of [
      [due.own, 'this process'],
      [elsewhere, mayLag ? 'a process, longer ago than maxStaleness' : 'a process'],
    ] as const) {
      if (promise === undefined || version >= promise.version) continue
      this.report(
        kindOf(promise.cause, tier),
        `${what} got version ${version} from ${tier ?? 'unknown'}; ${who} had invalidated everything before ${promise.version} (${promise.cause})`,
      )
      return
    }
  }
}

function kindOf(cause: Cause, tier: Tier | undefined): ViolationKind {
  if (cause === 'set' || cause === 'put') return 'lost-update'
  return cause === 'tag' && tier === 'l2' ? 'resurrected-tag' : 'stale-after-invalidate'
}

function newest(deliveries: readonly Delivery[]): Delivery | undefined {
  let best: Delivery | undefined
  for (const each of deliveries) if (best === undefined || each.version > best.version) best = each
  return best
}
